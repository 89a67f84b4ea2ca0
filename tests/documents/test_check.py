"""Tests of the checks themselves: wrong blocks and commands, planted into a copy of the documents, are told.

usage: test_check.py OPTIONS...    the options of `check.py blocks`
"""

import contextlib
import io
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import blocks as markdown  # noqa: E402
import check  # noqa: E402
import known  # noqa: E402
import names  # noqa: E402
import perform  # noqa: E402
import shell  # noqa: E402
import ways  # noqa: E402
from table import COMMANDS  # noqa: E402

TOOLS = sys.argv[1:]

# A document, what is put at its end, and the words of the one fault that must be told of it.
PLANTED = [
    (
        "README.md",
        "```python\nimport vh\n\ndef OnUserLogin(nick):\n    vh.usermc(greting, nick)\n```",
        "nothing defines greting",
    ),
    (
        "docs/script-guide.md",
        '```python\nimport vh\n\ndef OnParsedMsgChat(nick, message):\n    if message == "sum":\n'
        "        vh.usermc(nick, 1 / 0)\n```",
        "division by zero",
    ),
    ("CHANGELOG.md", "```python\ndef OnTimer(now)\n    pass\n```", "line 1: expected"),
    ("ARCHITECTURE.md", "```python\nimport warnings\nwarnings.warn('old')\n```", "old"),
    ("docs/known-issues.md", "```cpp\nhost.lode(script);\n```", "does not compile"),
    ("docs/packages.md", '```cpp\nhost.load("gone.py").value();\n```', "it throws"),
    ("docs/matrix.md", "```yaml\na: b\n```", "a block of `yaml`"),
    ("docs/reference.md", "```\nmake demo\n```", "a block without a language"),
    ("docs/debian.md", '```json\n{"a": }\n```', "this is no JSON"),
    ("legacy_host/README.md", "```ini\n[a\n```", "these are no settings"),
    ("benches/hub/README.md", "```text\nwords\n```", "this text"),
    ("CONTRIBUTING.md", "Type `make no-such-target`.", "has no target no-such-target"),
    ("tests/stress/README.md", "```sh\nmake demo PROT=80\n```", "has no variable PROT"),
    ("tests/field/README.md", "```sh\nif true; then\n```", "no shell reads this"),
    ("examples/hub_api/README.md", "```sh\nls -l\n```", "nothing runs `ls -l`"),
    ("docs/cpp.md", "Call `python3 -m nothing`.", "nothing runs `python3 -m nothing`"),
    ("docs/python2.md", "## New\n\n```python2\nprint(5)\n```\n\n```python\n```", "Python 2 works"),
]
if sys.version_info >= (3, 11):
    PLANTED.append(("tests/generations/README.md", "```toml\na = b\n```", "this is no TOML"))


def plant(root):
    """Copies the documents and what they are compared with, and plants the faults; their lines."""
    left_out = shutil.ignore_patterns(".git", "target*", "build*", "corpus", "__pycache__")
    shutil.copytree(ROOT, root, ignore=left_out, symlinks=True)
    lines = {}
    for name, text, _ in PLANTED:
        document = (root / name).read_text(encoding="utf-8")
        lines[name] = len(document.splitlines())
        (root / name).write_text(f"{document}\n{text}\n", encoding="utf-8")
    return lines


class Blocks(unittest.TestCase):
    def test_planted_faults_are_told_with_their_places(self):
        with tempfile.TemporaryDirectory(prefix="vh-documents-") as folder:
            root = Path(folder) / "copy"
            lines = plant(root)
            with mock.patch.object(
                sys, "argv", ["check.py", "blocks", "--root", str(root), *TOOLS]
            ):
                options = check.arguments()

            def is_planted(block):
                return block.line > lines.get(block.document, sys.maxsize)

            faults = [(str(where), text) for where, text in check.faults_of(options, is_planted)]
        told = "\n".join(map(": ".join, faults))
        for name, _, words in PLANTED:
            places = {where for where, fault in faults if where.startswith(f"{name}:")}
            self.assertEqual(1, len(places), f"{name}:\n{told}")
            where = places.pop()
            self.assertGreater(int(where.split(":")[1]), lines[name], told)
            found = [fault for place, fault in faults if place == where and words in fault]
            self.assertTrue(found, f"{name}, {words!r}:\n{told}")
        others = {where for where, _ in faults if where.split(":")[0] not in lines}
        self.assertEqual(set(), others, told)

    def test_names_are_looked_for_where_python_looks(self):
        from scripts import unknown_names

        right = "import os.path as p\nclass A:\n    b = 1\n    c = b\ndef f(x, *, y=p):\n"
        right += "    global made\n    made = [x for z in y]\n    return lambda: (made, x, A)\n"
        self.assertEqual([], unknown_names(right))
        self.assertEqual(["c"], unknown_names("def f(a):\n    def g():\n        return a, c\n"))
        self.assertEqual(["vh"], unknown_names("vh.Topic()\n"))

    def test_names_in_sentences(self):
        found = [
            *names.settings("\n`VH_LIBRRY` and VH_LIBRARY", {"VH_LIBRARY"}),
            *names.functions("`vh.Topik()`, `vh.Topic()`, `vh.pyi`", "def Topic("),
            *names.options("`--port N`, `--prot`", '{"--port", 5}'),
        ]
        faults = [(2, "nothing reads VH_LIBRRY"), (1, "`vh` has no Topik")]
        self.assertEqual([*faults, (1, "vh_hub has no option --prot")], found)


class Reading(unittest.TestCase):
    def commands(self, text):
        return [each.text for each in markdown.commands_of(markdown.Block("a.md", 1, "sh", text))]

    def test_commands_of_a_block(self):
        text = (
            "make a    # words\n\n# more words\nmake b \\\n  C=1\nfor a in 1; do\n  b # c\ndone\n"
        )
        self.assertEqual(["make a", "make b C=1", "for a in 1; do\n  b\ndone"], self.commands(text))
        self.assertEqual(['echo "a # b"'], self.commands('echo "a # b"\n'))

    def test_what_is_exported_counts_for_the_rest_of_the_block(self):
        block = markdown.Block("a.md", 1, "sh", "export A=1\nmake b\n")
        self.assertEqual([["export A=1"]], [each.exports for each in markdown.commands_of(block)])

    def test_commands_in_sentences(self):
        text = "Type `make`, ``CC=clang make test``, `make\nhelp`, but not `makefile` or `--make`."
        found = [(c.text, c.line) for c in markdown.inline_commands("a.md", text, ROOT)]
        self.assertEqual([("make", 1), ("CC=clang make test", 1), ("make help", 1)], found)

    def test_a_block_without_an_end(self):
        with self.assertRaisesRegex(markdown.BadDocument, "a.md:2: this block has no end"):
            markdown.blocks_of("a.md", "```sh\nmake\n")


class Rows(unittest.TestCase):
    def faults(self, rows):
        with mock.patch.dict(COMMANDS, rows, clear=True):
            shown = [markdown.Command("a.md", 1, "make help")]
            return [fault for _, fault in known.faults(shown, ROOT)]

    def test_a_row_that_no_document_shows(self):
        rows = {"make help": ways.Run(), "make gone": ways.Run()}
        self.assertEqual(["no document shows `make gone`: take the row away"], self.faults(rows))

    def test_rows_that_name_what_is_not_there(self):
        self.assertIn(
            "no ctest test is called no.such", self.faults({"make help": ways.Test(test="no.such")})
        )
        self.assertIn(
            "'make x' is not in the table", self.faults({"make help": ways.By(command="make x")})
        )
        self.assertIn(
            ".ci/run does not run make help", self.faults({"make help": ways.Ci(target="help")})
        )


class Commands(unittest.TestCase):
    def setUp(self):
        # The checkout may be read-only.
        temporary = tempfile.TemporaryDirectory(prefix="vh-documents-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        patch = mock.patch.object(shell, "ROOT", self.folder)
        patch.start()
        self.addCleanup(patch.stop)

    def perform(self, rows, is_long=False):
        shown = [markdown.Command("a.md", 1, text) for text in rows]
        output = io.StringIO()
        with (
            mock.patch.dict(COMMANDS, rows, clear=True),
            mock.patch.object(markdown, "read", return_value=([], shown)),
            mock.patch.object(perform, "LIBRARY", HERE),
            contextlib.redirect_stdout(output),
        ):
            code = perform.all_commands(ROOT, is_long)
        return code, output.getvalue()

    def test_each_way_passes_and_fails(self):
        for text, way, wanted in [
            ("echo words", ways.Run("^words$"), None),
            ("echo words", ways.Run("^others$"), "prints nothing like '\\^others\\$'"),
            ("echo a; false", ways.Run(), "ended with 1"),
            ("false | true", ways.Run(), "ended with 1"),
            ("mkdir made-by-a-test", ways.Run(leaves=("made-by-a-test",)), None),
            ("true", ways.Run(leaves=("made-by-a-test",)), "did not make made-by-a-test"),
            ("ls PLACE", ways.Run(places=("PLACE", "folder")), None),
            ("echo ready; exec sleep 600", ways.Serve("ready", ends=(-2,)), None),
            ("echo ready; exec sleep 600", ways.Serve("ready"), "Ctrl-C ended it with -2"),
            (
                "trap '' INT; echo ready",
                ways.Serve("ready", stops="done"),
                "Ctrl-C ended it with 0",
            ),
            ("echo other", ways.Serve("ready"), "printed nothing like 'ready'"),
            ("false", ways.Long(why="hours", short="true"), None),
            ("true", ways.Long(why="hours", short="false"), "ended with 1"),
        ]:
            with self.subTest(text, way=way):
                code, output = self.perform({text: way})
                self.assertEqual(1 if wanted else 0, code, output)
                self.assertRegex(output, wanted or "100% tests passed, 0 tests failed out of 1")
                self.assertFalse((self.folder / "made-by-a-test").exists())

    def test_the_long_tier_runs_what_is_written(self):
        rows = {"echo whole": ways.Long(why="hours", short="false"), "false": ways.Run()}
        code, output = self.perform(rows, is_long=True)
        self.assertEqual((0, True), (code, "out of 1" in output), output)

    def test_what_cannot_run_here_is_told(self):
        rows = {"true": ways.Run(), "hours": ways.Long(why="hours", needs="no-such-program")}
        code, output = self.perform(rows, is_long=False)
        self.assertEqual(0, code)
        self.assertIn("NOT RUN: no-such-program is not installed", output)

    def test_nothing_run_is_a_failure(self):
        self.assertEqual(1, self.perform({"true": ways.Read(why="words")})[0])

    def test_a_command_that_changes_what_it_must_keep(self):
        (self.folder / "file").write_text("words")
        shell.run_placed("cat file", ways.Run(keeps=("file",)))
        with self.assertRaisesRegex(shell.Failed, "it changed file"):
            shell.run_placed("echo more >>file", ways.Run(keeps=("file",)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
