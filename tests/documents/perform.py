"""Runs the documented commands, one after the other, and counts as ctest does."""

import contextlib
import os
import shutil
import textwrap
import time

import blocks as markdown
import known
import shell
import ways
from table import COMMANDS

LIBRARY = shell.ROOT / "target" / "release" / "libvh_python_wrapper.so"

INDENT = " " * 6
# Characters of what a failed command printed that are told again at the end.
KEPT_OF_A_FAULT = 2000


def hindrance(way):
    """Why a command cannot run on this machine, or None."""
    if way.needs and not shutil.which(way.needs):
        return f"{way.needs} is not installed"
    return "it takes root" if way.as_root and os.getuid() != 0 else None


def steps(commands, is_long):
    """(text, way, what is to run, what it must print) in the order of the table; what is to run is
    None where there is nothing, and the way tells why.
    """
    exports = {each.text: "".join(f"{line}\n" for line in each.exports) for each in commands}
    for text, way in COMMANDS.items():
        if text not in exports:
            continue
        if isinstance(way, ways.Long) and not is_long:
            yield text, way, exports[text] + way.short if way.short else None, ""
        elif isinstance(way, ways.Long) == is_long:
            is_run = isinstance(way, (ways.Long, ways.Run, ways.Serve, ways.Scene))
            yield text, way, exports[text] + text if is_run else None, way.prints


def perform(text, way, prints, scenes, stack):
    """Runs one command; raises shell.Failed."""
    if isinstance(way, ways.Serve):
        return shell.serve(text, way)
    if isinstance(way, ways.Scene):
        if way.name not in scenes:
            scenes[way.name] = stack.enter_context(shell.SCENES[way.name]())
        return scenes[way.name].run(text)
    return shell.run_placed(text, way, prints)


def all_commands(root, is_long):
    """Runs all of a tier; 1 when one failed."""
    if not LIBRARY.exists():
        print(f"{LIBRARY} is not there: run `make` without CARGO_TARGET_DIR and BUILD first")
        return 1
    _, commands = markdown.read(root)
    done, failed, scenes = 0, {}, {}
    with contextlib.ExitStack() as stack:
        for text, way, to_run, prints in steps(commands, is_long):
            line = " ".join(text.split())
            why_not = hindrance(way)
            if to_run is None or why_not:
                print(
                    f"  --  {line}\n{INDENT}{f'NOT RUN: {why_not}' if why_not else known.told(text)}"
                )
                continue
            begin = time.monotonic()
            done += 1
            try:
                perform(to_run, way, prints, scenes, stack)
            except (shell.Failed, OSError, TimeoutError, ValueError) as error:
                # Moved in, so that nobody takes lines of a ctest in it for ours.
                failed[line] = textwrap.indent(str(error), INDENT)
                print(f"FAIL  {line}\n{failed[line]}", flush=True)
            else:
                print(f"  ok  {line} ({time.monotonic() - begin:.1f} s)", flush=True)
                print(f"{INDENT}{known.told(text)}", flush=True)
    # Once more, since the end of a long log is what is read first, or kept.
    for line, why in failed.items():
        print(f"failed: {line}\n{why[-KEPT_OF_A_FAULT:]}")
    percent = 100 * (done - len(failed)) // max(done, 1)
    # In the words of ctest, which .ci/run counts.
    print(f"{percent}% tests passed, {len(failed)} tests failed out of {done}")
    return 1 if failed or not done else 0
