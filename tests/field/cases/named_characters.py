# A hook whose text has a character by its name: the decoder keeps a pointer into `unicodedata`.
# field: hook = OnUserLogin nick
# field: calls = usermc sss "• welcome" "nick"
import vh


def OnUserLogin(nick):
    # Compiled here, as it would be when a script is loaded.
    vh.usermc(eval(r'"\N{BULLET} welcome"'), nick)


def check():
    return "ok" if "\u2022".encode("ascii", "namereplace") == rb"\N{BULLET}" else "other"
