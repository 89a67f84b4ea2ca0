# Classes whose making looks their module up: dataclasses, enums, named tuples, protocols.
from __future__ import annotations

import dataclasses
import enum
import typing
from abc import ABC, abstractmethod


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = dataclasses.field(default=0, compare=False)
    shared: typing.ClassVar[int] = 7
    next: typing.Optional[Point] = None


class Color(enum.Enum):
    RED = "r"


class Right(enum.IntFlag):
    READ = enum.auto()
    WRITE = enum.auto()


class Row(typing.NamedTuple):
    nick: str
    point: Point


@typing.runtime_checkable
class Closes(typing.Protocol):
    def close(self) -> None: ...


class Base(ABC):
    @abstractmethod
    def close(self): ...


class Real(Base):
    def close(self):
        return super().close()


def check():
    if Point(1) != Point(1) or [each.name for each in dataclasses.fields(Point)] != [
        "x",
        "y",
        "next",
    ]:
        return "dataclass"
    if typing.get_type_hints(Point)["next"] != typing.Optional[Point]:
        return f"hints {typing.get_type_hints(Point)}"
    if typing.get_type_hints(Row)["point"] is not Point:
        return "hints of a tuple"
    if Color("r") is not Color.RED or repr(Right.READ | Right.WRITE).count("READ") != 1:
        return "enum"
    return "ok" if isinstance(Real(), Closes) and isinstance(Real(), Base) else "protocol"
