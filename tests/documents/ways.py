"""How a documented command is checked: run as written, in a short form, by another test, or only read."""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Way:
    """What the ways share; `told` is for the list of all commands."""

    # A regular expression of what it prints.
    prints: str = ""
    # Words of the command that stand for something of the reader's, and what is put there: "hub" for
    # a folder with a Verlihub in it, "folder" for an empty one, or the words themselves.
    places: Tuple[str, ...] = ()
    # Folders that are there afterwards and were not before.
    leaves: Tuple[str, ...] = ()
    # Files that must be afterwards what they were before.
    keeps: Tuple[str, ...] = ()
    # A program without which it cannot run at all, and whether root must run it.
    needs: str = ""
    as_root: bool = False

    def told(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class Run(Way):
    """Runs as written, in the folder of the repository, and ends with 0."""

    def told(self) -> str:
        place = f", with {self.places[1]} for {self.places[0]}" if self.places else ""
        return f"run by CI{place}"


@dataclass(frozen=True)
class Serve(Way):
    """Runs until Ctrl-C: once it has printed what it must it gets one, and must end as `ends` says,
    with words like `stops` in what it printed.
    """

    ends: Tuple[int, ...] = (0,)
    stops: str = ""

    def told(self) -> str:
        return "run by CI until it is ready, then Ctrl-C"


@dataclass(frozen=True)
class Scene(Way):
    """Runs as written where other documented commands of the same page have prepared it."""

    name: str = ""

    def told(self) -> str:
        return "run by CI, with the other commands of its page"


@dataclass(frozen=True)
class Long(Way):
    """Runs as written by `make test-long`, and in CI as `short`, or as the ctest test `test`."""

    why: str = ""
    short: str = ""
    test: str = ""

    def told(self) -> str:
        in_ci = f"`{self.short}`" if self.short else f"the test {self.test}" if self.test else "not"
        return f"run by make test-long ({self.why}); in CI {in_ci}"


@dataclass(frozen=True)
class Ci(Way):
    """`.ci/run` itself runs this target."""

    target: str = ""

    def told(self) -> str:
        return "run by .ci/run itself"


@dataclass(frozen=True)
class Test(Way):
    """The ctest test of that name does it."""

    test: str = ""

    def told(self) -> str:
        return f"done by the test {self.test}"


@dataclass(frozen=True)
class By(Way):
    """Another documented command, given as it stands in the table, does it."""

    command: str = ""

    def told(self) -> str:
        return f"done by `{self.command}`"


@dataclass(frozen=True)
class Read(Way):
    """Is not run; a shell reads it, which finds errors of form."""

    why: str = ""

    def told(self) -> str:
        return f"NOT RUN, read by a shell: {self.why}"
