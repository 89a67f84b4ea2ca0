"""What Markdown documents show: code blocks, and the commands in them and in their sentences."""

import re
import shlex
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import List

FENCE = re.compile(r"^( *)(```+|~~~+)\s*([\w+-]*)\s*$")
SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
ASSIGNMENT = re.compile(r"[A-Z_]+=")
SHELL = ("sh", "bash", "shell", "console")
# A word in backticks is a command when it is one of these with something behind it, or `make`.
PROGRAMS = {
    *("apt", "apt-get", "cargo", "clang-format", "cmake", "conda", "cp", "ctest", "curl", "docker"),
    *("dpkg", "dpkg-divert", "gdb", "git", "kubectl", "ldconfig", "make", "mypy", "npm", "perf"),
    *("pip", "pipx", "pkg-config", "podman", "pyright", "python3", "rustup", "sudo", "systemctl"),
    *("uvx", "valgrind", "vh_hub", "vh-python-wrapper-link"),
}
ALONE = {"make", ".ci/run"}


@dataclass
class Block:
    """A fenced block."""

    document: str
    line: int  # of its first line of text
    language: str
    text: str
    heading: str = ""  # the nearest one above

    def __str__(self):
        return f"{self.document}:{self.line}"


@dataclass
class Command:
    """One command as a document shows it, without its comment."""

    document: str
    line: int
    text: str
    # What earlier lines of the block export.
    exports: List[str] = field(default_factory=list)

    def __str__(self):
        return f"{self.document}:{self.line}"


class BadDocument(Exception):
    """A document that cannot be read as Markdown; the text says where."""


def blocks_of(document, text):
    """The fenced blocks, and the text with them made empty, line by line."""
    blocks, rest = [], []
    opened, heading = None, ""
    for number, line in enumerate(text.splitlines(), 1):
        found = FENCE.match(line)
        if opened is None and found:
            opened = (found[1], found[2], Block(document, number + 1, found[3], "", heading))
        elif opened and found and found[2].startswith(opened[1]) and not found[3]:
            blocks.append(opened[2])
            opened = None
        elif opened:
            indent = opened[0]
            opened[2].text += (line[len(indent) :] if line.startswith(indent) else line) + "\n"
        else:
            heading = line.lstrip("# ") if line.startswith("#") else heading
            rest.append(line)
            continue
        rest.append("")
    if opened:
        raise BadDocument(f"{opened[2]}: this block has no end")
    return blocks, "\n".join(rest)


@lru_cache(maxsize=None)
def is_whole(text):
    """Whether a shell can read this to its end."""
    shell = subprocess.run(
        ["bash", "-n", "-c", text], stdin=subprocess.DEVNULL, capture_output=True
    )
    return shell.returncode == 0


def without_comment(line):
    """The line without its comment; a `#` inside of quotes or a word begins none."""
    for found in re.finditer(r"(?:^|\s)#", line):
        before = line[: found.start()]
        if before.count('"') % 2 == 0 and before.count("'") % 2 == 0:
            return before.rstrip()
    return line.rstrip()


def commands_of(block):
    """The commands of a shell block; one may go over several lines."""
    exports, pending, first = [], "", 0
    for number, line in enumerate(block.text.splitlines(), block.line):
        line = without_comment(line).removeprefix("$ ") if not pending else without_comment(line)
        if not pending and not line:
            continue
        first = first if pending else number
        pending += ("\n" if pending and not pending.endswith("\\\n") else "") + line
        if line.endswith("\\"):
            pending += "\n"
            continue
        if not is_whole(pending):
            continue
        text = re.sub(r"\s*\\\n\s*", " ", pending)
        if text.startswith("export "):
            exports.append(text)
        else:
            yield Command(block.document, first, text, list(exports))
        pending = ""
    if pending:
        raise BadDocument(f"no shell reads this: {pending}")


def is_command(text, root):
    """Whether what stands in backticks is something to type into a shell."""
    try:
        words = shlex.split(text)
    except ValueError:
        return False
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    if not words or text.startswith("-"):
        return False
    if text in ALONE:
        return True
    is_file = "/" in words[0] and (root / words[0]).is_file()
    return len(words) > 1 and (words[0] in PROGRAMS or is_file)


def inline_commands(document, text, root):
    """The commands in backticks, in sentences and tables."""
    for found in SPAN.finditer(text):
        span = re.sub(r"\s+", " ", found[2]).strip()
        if is_command(span, root):
            yield Command(document, text.count("\n", 0, found.start()) + 1, span)


def inline_settings(document, text):
    """The comments in backticks with settings of a script: each is a script by itself."""
    for found in SPAN.finditer(text):
        if found[2].startswith("# vh: ") and "…" not in found[2]:
            line = text.count("\n", 0, found.start()) + 1
            yield Block(document, line, "python", found[2] + "\n")


def documents(root):
    """The names of all documents of the repository; without git, of those that lie in it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0 and listed.stdout:
        names = set(filter(None, listed.stdout.split("\0")))
        # One may be deleted, and git has not been told.
        return sorted(name for name in names if (root / name).exists())
    return sorted(str(path.relative_to(root)) for path in Path(root).rglob("*.md"))


def read(root):
    """All blocks, and all commands, of all documents, in their order."""
    blocks, commands = [], []
    for name in documents(root):
        found, rest = blocks_of(name, (root / name).read_text(encoding="utf-8"))
        blocks += [*found, *inline_settings(name, rest)]
        shown = list(inline_commands(name, rest, root))
        for block in found:
            if block.language in SHELL:
                with suppress(BadDocument):  # The check of the block tells it.
                    shown += commands_of(block)
        commands += sorted(shown, key=lambda command: command.line)
    return blocks, commands
