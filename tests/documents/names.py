"""Names that sentences and tables of the documents use: settings, options and functions that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "src",
    "tools",
    "tests",
    "legacy_host",
    "benches",
    "cmake",
    "fuzz",
    "packaging",
    "python",
)
# Made up, as examples of something wrong.
NOT_NAMES = {"vh.pyi"}


def sources():
    """The text of all that is no document."""
    files = [*ROOT.glob("CMakeLists.txt"), ROOT / "Makefile"]
    files += [file for folder in SOURCES for file in (ROOT / folder).rglob("*") if file.is_file()]
    return "\n".join(
        file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.suffix != ".md" and "corpus" not in file.parts and "documents" not in file.parts
    )


def spans(text):
    """What stands in backticks, as (line, text)."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.finditer(r"`([^`]+)`", line):
            yield number, found[1]


def settings(text, known):
    """Variables of the environment and of CMake that nothing reads."""
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"\bVH_[A-Z][A-Z_]*[A-Z]\b", line):
            if name not in known:
                yield number, f"nothing reads {name}"


def functions(text, stub):
    """Attributes of `vh` that it does not have."""
    for number, span in spans(text):
        for found in re.finditer(r"\bvh\.([A-Za-z_]\w*)(?![\w.]*\.(?:py|hpp))", span):
            if found[0] not in NOT_NAMES and not re.search(rf"\b{found[1]}\b", stub):
                yield number, f"`vh` has no {found[1]}"


def options(text, program):
    """Options that the hub does not take."""
    for number, span in spans(text):
        for name in re.findall(r"^--[a-z-]+", span):
            if f'"{name}"' not in program:
                yield number, f"vh_hub has no option {name}"


def faults(root, documents):
    """(place, fault) for names that are not there."""
    known = set(re.findall(r"\bVH_[A-Z_]+\b", sources()))
    stub = (ROOT / "python" / "vh.pyi").read_text(encoding="utf-8")
    hub = (ROOT / "legacy_host" / "src" / "options.cpp").read_text(encoding="utf-8")
    for name in documents:
        text = (root / name).read_text(encoding="utf-8")
        found = [*settings(text, known), *functions(text, stub)]
        if name == "legacy_host/README.md":
            found += options(text, hub)
        yield from ((f"{name}:{line}", fault) for line, fault in found)
