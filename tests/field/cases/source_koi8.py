#!/usr/bin/python3
# vim: set fileencoding=koi8-r :
# A source in another encoding, said on the second line, with a hook.
# field: hook = OnUserLogin nick
# field: calls = usermc sss ".+" "nick"
import vh


def OnUserLogin(nick):
    vh.usermc("ж" if ascii("ж") == r"'\u0436'" else "", nick)


def check():
    return "ok"
