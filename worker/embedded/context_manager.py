"""The `with` statement for everything here that has `start` and `stop`.

A class takes both as its own: `__enter__, __exit__ = start_on_enter, stop_on_exit`. They are functions
and not a base class, since nothing else is shared.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, TypeVar


class Startable(Protocol):
    """Something that runs between `start` and `stop`."""

    def start(self) -> None:
        """Begin to run."""
        ...

    def stop(self) -> None:
        """End; must be harmless when called again."""
        ...


_Startable = TypeVar("_Startable", bound=Startable)


def start_on_enter(self: _Startable) -> _Startable:
    """`__enter__` of a Startable: the block sees it started."""
    self.start()
    return self


def stop_on_exit(
    self: Startable,
    kind: type[BaseException] | None,  # noqa: ARG001 - the signature of __exit__
    error: BaseException | None,  # noqa: ARG001
    trace: TracebackType | None,  # noqa: ARG001
) -> None:
    """`__exit__` of a Startable: stopped however the block ends; its exception goes on."""
    self.stop()
