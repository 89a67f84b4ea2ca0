"""Compares transcripts line by line; accepted differences are rows of known_differences.toml.

A row has `runs` ("libraries" or "generations"), `reason`, and one of
- `old`, a pattern for a whole line, with `new`, the line in its place (groups as in `re`),
- `only_old`, `only_new`: a pattern for a line that only one side has,
and may have `scene` and `generation`, to hold there only.
"""

import difflib
import re

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11; pip brings the same parser along
    from pip._vendor import tomli as tomllib  # type: ignore[no-redef]

RUNS = ("libraries", "generations")
FORMS = ({"old", "new"}, {"only_old"}, {"only_new"})
LIMITS = {"scene", "generation"}


class Row:
    """One accepted difference. `used` tells whether it was met."""

    def __init__(self, fields):
        self.fields = fields
        self.used = False
        form = set(fields) - LIMITS - {"runs", "reason"}
        if form not in FORMS or fields.get("runs") not in RUNS or not fields.get("reason"):
            raise ValueError(f"not a row that compare.py describes: {fields}")

    def holds_in(self, runs, scene, generation):
        here = {"runs": runs, "scene": scene, "generation": generation}
        return all(self.fields.get(key, value) == value for key, value in here.items())

    def accepts(self, form, line):
        """Whether the line may be on one side only; `form` is only_old or only_new."""
        return self._use(re.fullmatch(self.fields.get(form, r"(?!)"), line))

    def instead_of(self, line):
        """The line that may stand in place of an old one, or None."""
        found = re.fullmatch(self.fields.get("old", r"(?!)"), line)
        return found.expand(self.fields["new"]) if found else None

    def _use(self, found):
        self.used = self.used or bool(found)
        return bool(found)


def read_rows(path):
    with open(path, "rb") as file:
        return [Row(fields) for fields in tomllib.load(file).get("difference", [])]


def pair_up(old, new, rows):
    """Takes the lines out of both lists that rows accept as each other's place."""
    for line in list(old):
        for row in rows:
            instead = row.instead_of(line)
            if instead in new:
                row.used = True
                old.remove(line)
                new.remove(instead)
                break


def accepted(form, line, rows):
    return any(row.accepts(form, line) for row in rows)


def differences(old, new, rows):
    """The lines that differ and no row accepts, as `-old` and `+new`."""
    found = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            continue
        left, right = old[old_from:old_to], new[new_from:new_to]
        pair_up(left, right, rows)
        found += [f"-{line}" for line in left if not accepted("only_old", line, rows)]
        found += [f"+{line}" for line in right if not accepted("only_new", line, rows)]
    return found
