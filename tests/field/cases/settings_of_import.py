# What a script puts into the import system goes with it.
# field: second = bystander.py
import sys

LISTS = {"path": sys.path, "meta_path": sys.meta_path, "path_hooks": sys.path_hooks}
found = [name for name, items in LISTS.items() if any("Field" in repr(item) for item in items)]
if sys.modules.get("field_inserted"):
    found.append("sys.modules")


class FieldFinder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None


def field_hook(path):
    raise ImportError("not for Field")


field_hook.__qualname__ = "FieldHook"
sys.path.insert(0, "/nowhere/Field")
sys.meta_path.insert(0, FieldFinder)
sys.path_hooks.insert(0, field_hook)
sys.path_importer_cache["/nowhere/Field"] = FieldFinder
sys.modules["field_inserted"] = type(sys)("field_inserted")


def check():
    import field_inserted

    return ", ".join(found) or ("ok" if field_inserted else "")
