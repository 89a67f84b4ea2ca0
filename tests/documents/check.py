"""Checks what the documents show: every code block and every command, as written.

    check.py blocks --field-host FILE --hub FILE --hub-core FILE --library FILE --compiler NAME
                        blocks of code: compiles, loads, runs; and whether each command is in the table
    check.py commands     runs the documented commands as a reader would, the long ones in a short form
    check.py long         runs the long ones as written
    check.py list         prints every block and command and how it is checked

`commands` and `long` run in the folder of the repository, after a build in `build`. Ends with 1 when
something is wrong; each fault is told with document and line.
"""

import argparse
import concurrent.futures
import os
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import blocks as markdown  # noqa: E402
import known  # noqa: E402
import names  # noqa: E402
import perform  # noqa: E402
import snippets  # noqa: E402

# What blocks are run with, each the value of an option.
TOOLS = ("field-host", "hub", "hub-core", "library")


def check_block(options, block):
    """The block and what is wrong with it; that a check itself fails is told with the block."""
    try:
        return block, snippets.check(options, block)
    except Exception:
        return block, [traceback.format_exc()]


def faults_of(options, is_wanted):
    """(place, fault) for each that is wrong with commands and with the blocks that are wanted."""
    blocks, commands = markdown.read(options.root)
    yield from known.faults(commands, options.root)
    yield from snippets.order_faults(blocks)
    yield from names.faults(options.root, markdown.documents(options.root))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        wanted = filter(is_wanted, blocks)
        for block, faults in pool.map(lambda each: check_block(options, each), wanted):
            yield from ((block, fault) for fault in faults)


def check_blocks(options):
    """Prints what is wrong with blocks, and with the table of commands; whether anything is."""
    count = 0
    for count, (where, fault) in enumerate(
        faults_of(options, lambda block: options.document in (None, block.document)), 1
    ):
        print(f"{where}: {fault}\n", flush=True)
    blocks, commands = markdown.read(options.root)
    print(f"{len(blocks)} blocks and {len(commands)} commands, {count} faults")
    return count > 0 or not blocks


def show_list(root):
    blocks, commands = markdown.read(root)
    for block in blocks:
        print(f"{str(block):34} a block of {block.language or 'nothing'}: {snippets.told(block)}")
    for command in commands:
        text = " ".join(command.text.split())
        print(f"{str(command):34} {text}\n{'':37}{known.told(command.text)}")
    return 0


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["blocks", "commands", "long", "list"])
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder of the documents")
    for name in TOOLS:
        parser.add_argument(f"--{name}", type=os.path.abspath)
    parser.add_argument("--document", help="blocks of this document only")
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many run at once")
    options = parser.parse_args()
    if options.what == "blocks":
        for name in TOOLS:
            file = getattr(options, name.replace("-", "_"))
            if not file or not os.path.isfile(file):
                parser.error(f"blocks needs --{name} FILE, and there is none: {file}")
    return options


def main():
    options = arguments()
    try:
        if options.what == "list":
            return show_list(options.root)
        if options.what == "blocks":
            return 1 if check_blocks(options) else 0
        return perform.all_commands(options.root, is_long=options.what == "long")
    except markdown.BadDocument as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
