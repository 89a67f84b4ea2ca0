#!/usr/bin/env python3
"""Runs the blocks of docs/python2.md as scripts: what stands before fails, what stands after works.

usage: check.py HOST LIBRARY PAGE

A block fails when the script does not load. Most errors must name the page, which is how the author
of an old script gets there; what Python 3 understands in another way cannot be told from a mistake.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SECTION = re.compile(
    r"^## (.+?)\n.*?^```python2\n(.*?)^```\n.*?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
TROUBLE = re.compile("Traceback|Error|Warning|not loaded")
PAGE_NAME = "docs/python2.md"
FEWEST = 20
# What other mistakes look like as well.
NOT_NAMED = {
    "Dictionaries: `keys()` is no list",
    "`map`, `filter` and `zip` are no lists",
    "Dividing",
    "Comparing different types",
}


def load(host, library, source):
    """Whether a script loads, and the log."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "block.py").write_text(source, encoding="utf-8")
        done = subprocess.run(
            [host, library, folder, "load:block"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            timeout=60,
        )
    return done.returncode == 0 and "@ end ok" in done.stdout, done.stdout


def wrong(host, library, title, before, after):
    loads, log = load(host, library, before)
    if loads:
        yield f"{title}: the block before works"
    elif "@ load:block failed" not in log:
        yield f"{title}: the block before ends the host\n{log}"
    elif (PAGE_NAME in log) != (title not in NOT_NAMED):
        yield f"{title}: the error {'names' if PAGE_NAME in log else 'does not name'} the page\n{log}"
    loads, log = load(host, library, after)
    if not loads or TROUBLE.search(log):
        yield f"{title}: the block after does not work\n{log}"


def main(host, library, page):
    sections = SECTION.findall(Path(page).read_text(encoding="utf-8"))
    found = [line for section in sections for line in wrong(host, library, *section)]
    if len(sections) < FEWEST:
        found.append(f"only {len(sections)} changes are on the page")
    unknown = NOT_NAMED - {title for title, _, _ in sections}
    found += [f"there is no change called {title}" for title in sorted(unknown)]
    print("\n".join(found) or f"{len(sections)} changes are as {page} says")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
