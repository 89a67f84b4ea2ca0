"""How a documented command is checked: run as written, in a short form, by another test, or only read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """Runs as written, in the folder of the repository, and ends with 0."""

    prints: str = ""  # a regular expression of what it prints
    # Words of the command that stand for something of the reader's, and what is put there:
    # "hub" for a folder with a Verlihub in it, "folder" for an empty one, or the words themselves.
    places: tuple = ()
    # Files or folders that are there afterwards and were not before.
    leaves: tuple = ()
    # Files that must be afterwards what they were before.
    keeps: tuple = ()
    tier = "run"


@dataclass(frozen=True)
class Serve:
    """Runs until Ctrl-C: once it has printed `ready` it gets one, and must end as `ends` says."""

    ready: str
    ends: tuple = (0,)
    leaves: tuple = ()
    tier = "run"


@dataclass(frozen=True)
class Scene:
    """Runs as written where other documented commands of the same page have prepared it."""

    name: str
    tier = "run"


@dataclass(frozen=True)
class Long:
    """Runs as written by `make test-long`, and in CI as `short`, or as the ctest test `test`."""

    why: str
    short: str = ""
    test: str = ""
    needs: str = ""  # a program without which it cannot run, neither long nor short
    as_root: bool = False
    places: tuple = ()
    keeps: tuple = ()
    tier = "long"


@dataclass(frozen=True)
class Ci:
    """`.ci/run` itself runs this target."""

    target: str
    tier = "ci"


@dataclass(frozen=True)
class Test:
    """The ctest test of that name does it."""

    name: str
    tier = "test"


@dataclass(frozen=True)
class By:
    """Another documented command, given as it stands in the table, does it."""

    command: str
    tier = "by"


@dataclass(frozen=True)
class Read:
    """Is not run; a shell reads it, which finds errors of form."""

    why: str
    tier = "read"
