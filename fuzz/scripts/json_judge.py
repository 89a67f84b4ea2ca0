"""Says what Python's own json makes of a text, for the fuzzer of ours."""

import base64
import json


class Refused(ValueError):
    """Our rules are stricter than Python's here."""


def _integer(text):
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise Refused(text)
    return number


def _float(text):
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Refused(text)
    return number


def _constant(text):
    raise Refused(text)


def _map(pairs):
    value = dict(pairs)
    if len(value) != 1 or not isinstance(value.get("$bytes"), str):
        return value
    text = value["$bytes"]
    if any("\ud800" <= character <= "\udfff" for character in text):
        return value
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(text) from None
    if base64.b64encode(decoded).decode() != text:
        raise Refused(text)
    return decoded


def _load(text):
    return json.loads(
        text,
        parse_int=_integer,
        parse_float=_float,
        parse_constant=_constant,
        object_pairs_hook=_map,
    )


def _depth(value):
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return 0
    return 1 + max(map(_depth, value), default=0)


def _same(ours, theirs):
    """Equal, also in the types: 1, 1.0 and True differ, and so do 0.0 and -0.0."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, dict):
        return list(ours) == list(theirs) and all(map(_same, ours.values(), theirs.values()))
    return repr(ours) == repr(theirs)


def accepted(ours, text):
    """The library has read the text as `ours`: tells what Python thinks of that."""
    try:
        theirs = _load(text)
    except (ValueError, RecursionError) as error:
        return f"read as {ours!a}, but is no JSON: {error!a}"
    return "same" if _same(ours, theirs) else f"read as {ours!a} instead of {theirs!a}"


def refused(text):
    """The library has refused the text: tells what Python thinks of that."""
    try:
        theirs = _load(text)
    except (ValueError, RecursionError):
        return "no JSON"
    return "too deep" if _depth(theirs) > 128 else f"refused, but is {theirs!a}"


def written(ours):
    """The library writes a list or a map."""
    return ours if isinstance(ours, (list, dict)) else [ours]
