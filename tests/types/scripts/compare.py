"""mypy's stubtest on the `vh` that this script has."""

import contextlib
import io
import os
import sys
import tempfile

import vh


def use():
    # stubtest imports the module by its name; in the runtime main that would be the one that
    # several scripts share, whose attributes are those of the script being called.
    shared, sys.modules["vh"] = sys.modules.get("vh"), vh
    before = os.getcwd()
    output = io.StringIO()
    try:
        from mypy import stubtest

        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(output):
            os.chdir(folder)  # It keeps a cache where it runs.
            found = stubtest.test_stubs(stubtest.parse_options(["vh", "--concise"]))
    finally:
        os.chdir(before)
        if shared is None:
            del sys.modules["vh"]
        else:
            sys.modules["vh"] = shared
    print(output.getvalue())
    if found:
        raise AssertionError("the stub is not what vh is")
    return 1
