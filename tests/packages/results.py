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
    "chosen",
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
        rows = csv.DictReader(lines, delimiter="\t", restval="")
        return {row["module"]: {name: row.get(name, "") for name in COLUMNS} for row in rows}


def write(file, rows):
    file.parent.mkdir(exist_ok=True)
    with open(file, "w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, COLUMNS, delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(rows[module] for module in sorted(rows))
