"""A long command goes on after an outage: it is built anew from the position that it saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from worker.errors import ThrottledError, UnavailableError, WorkerError
from worker.maintenance.sweep import StoppedError

PAUSE_S = 30.0
# Ten minutes without a step forward; then an operator should know.
_MAX_TRIES = 20


class Resumable(Protocol):
    """A command that saves its position; `resumed_after` is the one it began with."""

    resumed_after: str | None

    def run(self) -> object:
        """Come to the end. Raises StoppedError at a stop, WorkerError."""
        ...


_Run = TypeVar("_Run", bound=Resumable)


def run_to_end(
    start: Callable[[bool], _Run],
    *,
    wait: Callable[[float], bool],
    report: Callable[[WorkerError], None],
) -> tuple[_Run, bool]:
    """Run what `start` makes, and whether it came to its end; `start` hears whether it is the first time.

    A service that does not answer is waited for with `wait`, which is True at a stop. Raises its error when
    the command does not move on for ten minutes, and any other error at once.
    """
    run: _Run | None = None
    tries, place = 0, ""
    while True:
        try:
            # To read the position may fail, too.
            run = start(run is None)
            if (run.resumed_after or "") != place:
                tries, place = 0, run.resumed_after or ""
            run.run()
        except StoppedError:
            if run is None:
                raise
            return run, False
        except (ThrottledError, UnavailableError) as error:
            if tries >= _MAX_TRIES:
                raise
            tries += 1
            report(error)
            if wait(PAUSE_S):
                if run is None:
                    raise
                return run, False
        else:
            return run, True
