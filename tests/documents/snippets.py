"""What is done with a block of each language."""

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

import backends
import blocks as markdown
import programs
import python2
import scripts

ROOT = Path(__file__).resolve().parents[2]
TELL = (
    "nothing knows how to check {}. Name its language behind the ``` (sh, python, cpp, json, toml, "
    "ini), or add what checks it to tests/documents/snippets.py"
)


def shell(_tools, block):
    """The commands are rows of the table; here only whether a shell reads them."""
    try:
        has_commands = any(markdown.commands_of(block))
    except markdown.BadDocument as error:
        return [str(error)]
    return [] if has_commands else ["there is no command in it"]


def as_json(_tools, block):
    try:
        json.loads(block.text)
    except ValueError as error:
        return [f"this is no JSON: {error}"]
    return []


def as_toml(_tools, block):
    try:
        import tomllib
    except ImportError:
        return []  # Python 3.11 brings it, and CI has that.
    try:
        tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        return [f"this is no TOML: {error}"]
    return []


def as_ini(_tools, block):
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    try:
        text = block.text if block.text.lstrip().startswith("[") else "[settings]\n" + block.text
        parser.read_string(text)
    except configparser.Error as error:
        return [f"these are no settings: {error}"]
    return []


CALL = re.compile(r"(callback|hook|function) \d+ (\w+) \w*\(.*\) -> (\w*\(.*\)|NULL)")


def transcript(_tools, block):
    """Lines of a transcript: their form, and whether there are such hooks and functions."""
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    header = (ROOT / "include" / "vh_python_wrapper.h").read_text(encoding="utf-8")
    for line in block.text.splitlines():
        found = CALL.fullmatch(line)
        if not found:
            yield f"this is no line of a transcript: {line}"
        elif found[1] == "hook" and f"`{found[2]}(" not in reference:
            yield f"there is no hook {found[2]}"
        elif found[1] == "callback" and not re.search(rf"\bW_{found[2]}\b", header):
            yield f"there is no callback {found[2]}"


def picture(_tools, block):
    """A drawing of the code: the files and exported functions it names."""
    symbols = (ROOT / "tests" / "symbols.txt").read_text(encoding="utf-8").split()
    for name in re.findall(r"(?:\bcrates/\w+/)?\bsrc/\S+\.rs\b", block.text):
        if not (ROOT / name).is_file():
            yield f"there is no file {name}"
    for name in re.findall(r"\bw_\w+", block.text):
        if name not in symbols:
            yield f"there is no function {name}"


def conversation(tools, block):
    """What people say in the demo: its paragraphs, in this order."""
    command = [sys.executable, "-B", str(ROOT / "tools" / "demo.py")]
    command += ["--hub", tools.hub, "--library", tools.library]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        yield f"the demo ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
    rest = done.stdout
    for paragraph in block.text.strip("\n").split("\n\n"):
        before, found, rest = rest.partition(paragraph)
        if not found:
            yield f"the demo does not show, behind what stands before it:\n{paragraph}"
            rest = before


# Blocks of text by their document and heading.
TEXTS = {
    ("README.md", "What one sees"): conversation,
    ("legacy_host/README.md", "Transcripts"): transcript,
    ("ARCHITECTURE.md", "A call's way"): picture,
}


def as_text(tools, block):
    check = TEXTS.get((block.document, block.heading))
    return list(check(tools, block)) if check else [TELL.format("this text")]


LANGUAGES = {
    **{name: (shell, "each command is in the table below") for name in markdown.SHELL},
    "python": (
        lambda tools, block: scripts.check(tools, block.text),
        "loaded as a script, its hooks called",
    ),
    "python2": (python2.check, "loaded as a script, which must fail as the page says"),
    "c": (backends.check_c, "compiled, linked with the library, and run beside greeter.py"),
    "rust": (backends.check_rust, "compiled, and run beside greeter.py"),
    "cpp": (programs.check, "compiled, linked, and run beside a script"),
    "json": (as_json, "read as JSON"),
    "toml": (as_toml, "read as TOML"),
    "ini": (as_ini, "read as settings"),
    "text": (as_text, "its form, and whether what it shows is so"),
}


def check(tools, block):
    """What is wrong with a block."""
    if block.language not in LANGUAGES:
        what = f"a block of `{block.language}`" if block.language else "a block without a language"
        return [TELL.format(what)]
    if block.document == backends.PAGE and block.language == "python":
        return backends.check_python(tools, block)
    return LANGUAGES[block.language][0](tools, block)


def told(block):
    """How a block is checked, in words."""
    return LANGUAGES.get(block.language, (None, "nothing knows"))[1]


def order_faults(blocks):
    """What is wrong with the order of blocks on the page for scripts of Python 2."""
    page = [block for block in blocks if block.document == python2.PAGE]
    return list(python2.pairs(page))
