"""Reads and writes what was measured: a file of tab-separated columns for each Python."""

import csv
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "measured"
WORKS = "works"
COLUMNS = (
    "module",
    "kind",
    "distribution",
    "version",
    "python",
    "sub",
    "sub beside main",
    "own-gil",
    "main",
)


def file_for(python_version):
    return FOLDER / (".".join(python_version.split(".")[:2]) + ".tsv")


def read(file):
    """Rows by module."""
    with open(file, newline="", encoding="utf-8") as lines:
        return {row["module"]: row for row in csv.DictReader(lines, delimiter="\t")}


def write(file, rows):
    file.parent.mkdir(exist_ok=True)
    with open(file, "w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, COLUMNS, delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(rows[module] for module in sorted(rows))
