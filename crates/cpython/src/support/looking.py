"""Looking at callables, stacks and sources."""


def imported_modules(source):
    """Top-level names of the modules a source imports when it runs, also under try and if, and of those
    that it imports in functions.
    """
    import ast

    at_load, in_functions = [], []

    def visit(node, names):
        names.extend(names_of_import(node))
        if type(node).__name__ == "If" and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.orelse:
                visit(child, names)
            return
        if type(node).__name__ in ("FunctionDef", "AsyncFunctionDef"):
            names = in_functions
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr):
                visit(child, names)

    visit(ast.parse(source), at_load)
    return at_load, in_functions


def defined_names(source):
    """Names that the top level of a source gives to something, and those its functions do that call them
    global.
    """
    import ast

    names, nodes = set(), [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        kind = type(node).__name__
        if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            names.add(node.name)
            for inner in ast.walk(node):
                if type(inner).__name__ == "Global":
                    names.update(inner.names)
            continue
        if kind in ("Import", "ImportFrom"):
            names.update(alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif kind == "Name" and type(node.ctx).__name__ == "Store":
            names.add(node.id)
        nodes.extend(ast.iter_child_nodes(node))
    return sorted(names)


def names_of_import(node):
    """Top-level names of what a node of a syntax tree imports."""
    kind = type(node).__name__
    if kind == "Import":
        return [alias.name.split(".")[0] for alias in node.names]
    if kind == "ImportFrom" and node.level == 0:
        return [node.module.split(".")[0]]
    return []


def refused_modules(exception):
    """Top-level names of the packages on the way to an import that its package refused; none for any
    other exception.
    """
    if not is_refusal(exception):
        return []
    names = {(getattr(exception, "name", None) or "").split(".")[0]}
    place = exception.__traceback__
    while place is not None:
        namespace, code = place.tb_frame.f_globals, place.tb_frame.f_code
        package = namespace.get("__name__") or ""
        if package == "__main__":
            names.update(names_in_line(code.co_filename, place.tb_lineno))
        elif namespace is not globals():
            names.add(package.split(".")[0])
        place = place.tb_next
    return sorted(names - {"", "importlib"})


def names_in_line(path, line):
    """What the statement in a line of a file imports."""
    import ast

    try:
        with open(path, "rb") as file:
            nodes = [node for node in ast.walk(ast.parse(file.read())) if names_of_import(node)]
    except (OSError, SyntaxError):
        return []
    there = [node for node in nodes if node.lineno <= line <= node.end_lineno]
    return [name for node in there for name in names_of_import(node)]
