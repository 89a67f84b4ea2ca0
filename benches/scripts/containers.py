"""A nested container, and what Python's own json makes of it."""

import json

USERS = [
    {
        "nick": f"user{number}",
        "description": "Привет" if number % 4 == 0 else 'likes films and "music"',
        "share": 123456789012 * number,
        "class": number % 11,
        "hubs": [1, number, 3],
        "ratio": number / 7,
        "away": number % 2 == 0,
        "note": None,
        "tag": {"client": "++", "version": "0.868", "slots": number % 20},
    }
    for number in range(100)
]


def users():
    return USERS


def take(value):
    return len(value)


def text():
    return json.dumps(USERS, ensure_ascii=False)


def dumps(count):
    for _ in range(count):
        json.dumps(USERS)
    return 1


def loads(text, count):
    for _ in range(count):
        json.loads(text)
    return 1
