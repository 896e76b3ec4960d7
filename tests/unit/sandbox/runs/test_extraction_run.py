"""How a run ends: a process with nothing left to do by itself, any other by a kill."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.unit.read_options import OPTIONS
from worker.errors import RejectedError
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import (
    AllPagesListed,
    DocumentOpened,
    ExtractionRequest,
    FromDocumentProcess,
    PageExtracted,
    PageNeedsOcr,
    PreviewDone,
    TypeDetected,
)
from worker.sandbox.run_state import RunState
from worker.sandbox.runs.extraction_run import ExtractionRun

pytestmark = pytest.mark.unit

REQUEST = ExtractionRequest(path=Path("/work/1/original"), name="a.txt", folder=Path("/work/1"))
PAGE = Page(number=1, text="text", source=TextSource.FILE)
READ: tuple[FromDocumentProcess, ...] = (
    TypeDetected(file_type=FileType.TEXT),
    DocumentOpened(pages=1),
    PageExtracted(page=PAGE),
    AllPagesListed(),
    PreviewDone(drawn=False),
)


class _Ends:
    """What was asked of the sandbox, whose kills end the process at once."""

    def __init__(self) -> None:
        self.state = RunState(REQUEST, limits=OPTIONS.limits, now=0.0)
        self.closed: list[RunState] = []
        self.killed: list[RunState] = []
        self.run = ExtractionRun(self.state, lock=threading.RLock(), close=self._close, kill=self._kill)

    def _close(self, state: RunState) -> None:
        self.closed.append(state)
        state.end()

    def _kill(self, state: RunState) -> None:
        self.killed.append(state)
        state.on_exit(-9)

    def take(self, *messages: FromDocumentProcess) -> None:
        for message in messages:
            self.state.on_message(message)


def test_a_process_that_has_sent_all_is_not_killed() -> None:
    ends = _Ends()
    with ends.run as run:
        run.go()
        ends.take(*READ)
        ends.state.on_exit(0)
        assert run.next(1.0) == PAGE
    assert (ends.closed, ends.killed) == ([ends.state], [])


def test_one_that_does_not_end_although_it_has_nothing_left_to_do_is_killed() -> None:
    ends = _Ends()
    with ends.run as run:
        run.go()
        ends.take(*READ)
    assert ends.killed == [ends.state]


@pytest.mark.parametrize("messages", [READ[:1], READ[:3], (*READ[:2], PageNeedsOcr(page=1, fallback=None))])
def test_one_that_is_not_done_is_killed_at_once(messages: tuple[FromDocumentProcess, ...]) -> None:
    ends = _Ends()
    with ends.run as run:
        run.go()
        ends.take(*messages)
    assert ends.killed == [ends.state]
    assert not ends.state.ends_by_itself


def test_one_that_had_pages_to_ocr_waits_for_permits_and_is_killed() -> None:
    ends = _Ends()
    with ends.run as run:
        run.go(preview=False)
        ends.take(*READ[:2], PageNeedsOcr(page=1, fallback=None), AllPagesListed())
        ends.state.permits[1] = 0.0
        ends.state._waiting.take()
        ends.take(PageExtracted(page=PAGE))
        assert ends.state.is_ended
    assert ends.killed == [ends.state]


def test_the_type_is_waited_for_and_a_reason_raised() -> None:
    ends = _Ends()
    ends.take(TypeDetected(file_type=FileType.TEXT))
    assert ends.run.detect() is FileType.TEXT
    ends.state.end()
    with pytest.raises(RejectedError):
        ends.run.detect()
    ends.state.events.put(ReadingEnded())
    assert ends.run.busy
