"""A command that meets outages: it goes on from its position, and gives up where it does not move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from worker.errors import MisconfiguredError, ThrottledError, UnavailableError
from worker.maintenance.outages import PAUSE_S, run_to_end
from worker.maintenance.sweep import StoppedError

pytestmark = pytest.mark.unit


class _Command:
    """Ends with the next of the errors, from the next of the places."""

    def __init__(self, ends: Iterator[Exception | None], places: Iterator[str | None]) -> None:
        self.resumed_after = next(places)
        self._ends = ends

    def run(self) -> None:
        if (error := next(self._ends)) is not None:
            raise error


def _run(
    ends: Iterator[Exception | None], places: Iterator[str | None], *, stop_at: int = 1_000
) -> tuple[bool, list[bool], list[float]]:
    firsts: list[bool] = []
    waits: list[float] = []

    def start(is_first: bool) -> _Command:
        firsts.append(is_first)
        return _Command(ends, places)

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) >= stop_at

    _, is_finished = run_to_end(start, wait=wait, report=lambda _: None)
    return is_finished, firsts, waits


def _places(*places: str | None) -> Iterator[str | None]:
    yield from places
    while True:
        yield places[-1]


def test_an_outage_is_waited_for_and_the_command_built_anew() -> None:
    ends = iter([UnavailableError("x"), ThrottledError("x"), None])
    assert _run(ends, _places(None, "a")) == (True, [True, False, False], [PAUSE_S, PAUSE_S])


def test_a_command_that_does_not_move_gives_up() -> None:
    def outage() -> Iterator[Exception | None]:
        while True:
            yield UnavailableError("S3 does not answer")

    with pytest.raises(UnavailableError, match="S3"):
        _run(outage(), _places(None, "a"))


def test_one_that_moves_between_outages_goes_on_for_ever() -> None:
    ends: list[Exception | None] = [UnavailableError("x")] * 100
    is_finished, _, waits = _run(iter([*ends, None]), (str(number) for number in range(1_000)))
    assert (is_finished, len(waits)) == (True, 100)


def test_an_outage_at_the_start_is_waited_for_too() -> None:
    starts: list[Exception | None] = [UnavailableError("x"), None]
    seen: list[bool] = []

    def start(is_first: bool) -> _Command:
        seen.append(is_first)
        if (error := starts.pop(0)) is not None:
            raise error
        return _Command(iter([None]), iter(["a"]))

    _, is_finished = run_to_end(start, wait=lambda _: False, report=lambda _: None)
    assert (is_finished, seen) == (True, [True, True])


def test_a_stop_ends_it_in_the_pause_or_in_the_work() -> None:
    assert _run(iter([UnavailableError("x")]), _places(None), stop_at=1)[0] is False
    assert _run(iter([StoppedError()]), _places(None))[0] is False


def test_what_an_operator_must_fix_ends_it_at_once() -> None:
    with pytest.raises(MisconfiguredError):
        _run(iter([MisconfiguredError("no table")]), _places(None))
