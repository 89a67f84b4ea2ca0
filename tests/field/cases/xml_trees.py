# Parsing with `expat` and the tree builder in C, with a target of the script's own.
# field: without = own-gil 3.12
import io
import xml.dom.minidom
import xml.etree.ElementTree as ElementTree
import xml.sax

ElementTree.register_namespace("field", "urn:field")


class Target:
    def __init__(self):
        self.tags = []

    def start(self, tag, attributes):
        self.tags.append(tag)

    def close(self):
        return self.tags


class Handler(xml.sax.ContentHandler):
    tags = ()

    def startElement(self, name, attributes):
        self.tags = (*self.tags, name)


def check():
    text = '<?xml version="1.0" encoding="koi8-r"?><a b="1"><c>\u0436</c></a>'.encode("koi8-r")
    root = ElementTree.fromstring(text)
    if root.find("c").text != "\u0436" or type(root) is not ElementTree.Element:
        return "tree"
    if ElementTree.XMLParser(target=Target()).feed("<a><b/></a>") is not None:
        return "feed"
    parser = ElementTree.XMLParser(target=Target())
    parser.feed("<a><b/></a>")
    if parser.close() != ["a", "b"]:
        return "target"
    if [event for event, _ in ElementTree.iterparse(io.BytesIO(text))] != ["end", "end"]:
        return "iterparse"
    handler = Handler()
    xml.sax.parseString(text, handler)
    if handler.tags != ("a", "c") or xml.dom.minidom.parseString(text).firstChild.tagName != "a":
        return "sax or dom"
    try:
        ElementTree.fromstring("<a>")
    except ElementTree.ParseError as error:
        return "ok" if error.position[0] == 1 else "position"
    return "no error"
