"""Finding and running modules of scripts."""


def add_search_path(folders):
    """The script's folders come first."""
    if type(sys.path) is not list:
        sys.path = list(SEARCH_PATH)
    OWN_FOLDERS.extend(folder for folder in folders if folder not in OWN_FOLDERS)
    for folder in reversed(folders):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def run_source(source, path, namespace):
    """Runs a script. Encoding comments and byte order marks are honoured."""
    if 0 in source:
        compile(source, path, "exec", 0, True)  # Says what is wrong with it.
    # Python's own compile would make the classes of syntax trees, 300 KB in every interpreter.
    sys.audit("compile", source, path)
    code, scope = compile_source((source, path)), current_scope()
    try:
        if scope is not None and scope.shared:
            scope.run_noting_changes(code)
        else:
            exec(code, namespace)
    finally:
        if loaded("asyncio") is not None:
            run_file_with("share_out_loops")
            share_out_loops()
