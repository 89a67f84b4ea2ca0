# -*- coding: cp1251 -*-
# A source in another encoding.
TEXT = "ж"


def check():
    return "ok" if TEXT == "\u0436" else ascii(TEXT)
