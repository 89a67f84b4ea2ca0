"""The page for scripts of Python 2: each block before fails, and the block after it works.

A block fails when the script does not load. Most errors must name the page, which is how the author
of an old script gets there; what Python 3 understands in another way cannot be told from a mistake.
"""

import scripts

PAGE = "docs/python2.md"
# What other mistakes look like as well.
NOT_NAMED = {
    "Dictionaries: `keys()` is no list",
    "`map`, `filter` and `zip` are no lists",
    "Dividing",
    "Comparing different types",
}


def check(tools, block):
    """What is wrong with a block before."""
    trial = scripts.Trial(tools, block.text)
    if trial.loads:
        return ["this block of Python 2 works"]
    # That it does not load is meant; that the host dies of it is not.
    faults = [each for each in trial.faults if not each.startswith("load ")]
    if (PAGE in trial.log) == (block.heading in NOT_NAMED):
        names = "names" if PAGE in trial.log else "does not name"
        faults.append(f"the error {names} {PAGE}:\n{trial.log}")
    return faults


def pairs(blocks):
    """What is wrong with the order of a page's blocks, as (block, fault): before, after, and again."""
    last = None
    for block in blocks:
        is_before = block.language == "python2"
        if last and last.language == "python2":
            is_answer = not is_before and block.heading == last.heading
            if not is_answer:
                yield last, "no block of `python` follows it below its heading"
        last = block
    if last and last.language == "python2":
        yield last, "no block of `python` follows it below its heading"
    headings = {block.heading for block in blocks if block.language == "python2"}
    for heading in sorted(NOT_NAMED - headings):
        yield last, f"tests/documents/python2.py: there is no change called {heading!r}"
