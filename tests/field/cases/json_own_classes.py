# Encoders and decoders with classes of the script.
import json


class Point:
    def __init__(self, x):
        self.x = x


class Encoder(json.JSONEncoder):
    def default(self, value):
        return {"point": value.x} if isinstance(value, Point) else super().default(value)


def hook(value):
    return Point(value["point"]) if "point" in value else value


def check():
    text = json.dumps([Point(1)], cls=Encoder)
    point = json.loads(text, object_hook=hook)[0]
    if type(point) is not Point or point.x != 1:
        return text
    try:
        json.loads("[1, ")
    except json.JSONDecodeError as error:
        if error.pos != 4:
            return str(error.pos)
    try:
        json.dumps(Point(1))
    except TypeError:
        return "ok"
    return "no error"
