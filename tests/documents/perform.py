"""Runs the documented commands, one after the other, and counts as ctest does."""

import contextlib
import os
import shutil
import time

import blocks as markdown
import known
import shell
import ways
from table import COMMANDS

LIBRARY = shell.ROOT / "target" / "release" / "libvh_python_wrapper.so"


def hindrance(way):
    """Why a command cannot run on this machine, or None."""
    needs = getattr(way, "needs", "")
    if needs and not shutil.which(needs):
        return f"{needs} is not installed"
    return "it takes root" if getattr(way, "as_root", False) and os.getuid() != 0 else None


def steps(commands, is_long):
    """(text, way, what is to run) in the order of the table; None for what is told only."""
    exports = {each.text: "".join(f"{line}\n" for line in each.exports) for each in commands}
    for text, way in COMMANDS.items():
        if text not in exports:
            continue
        whole = exports[text] + text
        if isinstance(way, ways.Long):
            yield text, way, whole if is_long else exports[text] + way.short if way.short else None
        elif not is_long:
            is_run = isinstance(way, (ways.Run, ways.Serve, ways.Scene))
            yield text, way, whole if is_run else None


def perform(text, way, scenes, stack):
    """Runs one command; raises shell.Failed."""
    if isinstance(way, ways.Serve):
        return shell.serve(text, way)
    if isinstance(way, ways.Scene):
        if way.name not in scenes:
            scenes[way.name] = stack.enter_context(shell.SCENES[way.name]())
        return scenes[way.name].run(text)
    return shell.run_placed(text, way)


def all_commands(root, is_long):
    """Runs all of a tier; 1 when one failed."""
    if not LIBRARY.exists():
        print(f"{LIBRARY} is not there: run `make` without CARGO_TARGET_DIR and BUILD first")
        return 1
    _, commands = markdown.read(root)
    done, failed, scenes = 0, [], {}
    with contextlib.ExitStack() as stack:
        for text, way, to_run in steps(commands, is_long):
            line = " ".join(text.split())
            why_not = hindrance(way)
            if to_run is None or why_not:
                print(f"  --  {line}\n      {why_not and 'NOT RUN: ' + why_not or known.told(text)}")
                continue
            begin = time.monotonic()
            done += 1
            try:
                perform(to_run, way, scenes, stack)
            except (shell.Failed, OSError, TimeoutError, ValueError) as error:
                failed.append(line)
                print(f"FAIL  {line}\n      {error}", flush=True)
            else:
                print(f"  ok  {line} ({time.monotonic() - begin:.1f} s)", flush=True)
                print(f"      {known.told(text)}", flush=True)
    for line in failed:
        print(f"failed: {line}")
    percent = 100 * (done - len(failed)) // max(done, 1)
    # In the words of ctest, which .ci/run counts.
    print(f"{percent}% tests passed, {len(failed)} tests failed out of {done}")
    return 1 if failed or not done else 0
