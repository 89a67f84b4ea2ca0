# Names that a script adds to or replaces in `builtins` are not there for the next load.
# field: second = bystander.py
import builtins

found = [name for name in ("field_name", "field_other") if hasattr(builtins, name)]
if "field" in repr(builtins.print):
    found.append("print")
original = builtins.print


def field_print(*arguments, **options):
    original(*arguments, **options)


builtins.__dict__["field_other"] = field_print
builtins.field_name = 1
builtins.print = field_print


def check():
    return ", ".join(found) or ("ok" if builtins.print is field_print else "not replaced")
