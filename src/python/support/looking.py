"""Looking at callables, stacks and sources."""


def accepts_argument(function):
    """Whether a callable accepts one argument; True when that cannot be told."""
    try:
        signature = standard_module("inspect").signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True


def describe_stack(frame):
    """The stack of a frame as a traceback shows it, but for the library's own part of the way."""
    frames = []
    while frame is not None and len(frames) < 40:
        if frame.f_globals is not globals():
            frames.append(frame)
        frame = frame.f_back
    traceback = standard_module("traceback")
    lines = [(frame, frame.f_lineno) for frame in reversed(frames)]
    return "".join(traceback.StackSummary.extract(lines).format()).rstrip()


def top_level_imports(source):
    """Top-level names of the modules a source imports when it runs, also under try and if."""
    import ast

    names = []

    def visit(statements):
        for node in statements:
            if isinstance(node, ast.Import):
                names.extend(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                if node.level == 0 and node.module:
                    names.append(node.module.split(".")[0])
            elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                visit(node.orelse)
            elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for field in ("body", "orelse", "finalbody"):
                    inner = getattr(node, field, None)
                    if isinstance(inner, list):
                        visit(inner)
                for handler in getattr(node, "handlers", []):
                    visit(handler.body)

    visit(ast.parse(source).body)
    return names
