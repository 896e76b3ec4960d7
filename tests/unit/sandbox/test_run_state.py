"""The bookkeeping of one document: crashes, retries, time-outs, and when it ends."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from worker.errors import Code
from worker.extract.read_options import Limits
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.channel import Channel
from worker.sandbox.run_state import Ended, Event, ExtractionRequest, PreviewDrawn, RunState

pytestmark = pytest.mark.unit

LIMITS = Limits(
    max_file_bytes=1,
    max_pixels=1,
    max_text_chars=1_000,
    page_timeout_s=60,
    document_timeout_s=100,
    document_timeout_per_page_s=10,
    memory_bytes=1,
    cpu_s=1,
    output_bytes=1,
)


class Document:
    """A run with the far side of its child's socket in the test's hand."""

    def __init__(self) -> None:
        request = ExtractionRequest(path=Path("x"), name="x", folder=Path())
        self.state = RunState(request, limits=LIMITS, now=0.0)
        self.children: list[Channel] = []
        self.sockets: list[socket.socket] = []
        self.begin(0.0)

    def begin(self, now: float) -> None:
        ours, theirs = socket.socketpair()
        self.sockets += [ours, theirs]
        self.children.append(Channel(theirs))
        self.state.begin_child(str(len(self.children)), Channel(ours), now)

    def hear(self, *messages: dict[str, object], now: float = 0.0) -> None:
        for message in messages:
            self.state.on_message(message, now)

    def open(self, pages: int, *, wants: list[int], now: float = 0.0, preview: bool = False) -> None:
        self.state.go(done=[], hint=None, preview=preview)
        self.hear({"kind": "type", "type": "pdf"}, {"kind": "opened", "pages": pages}, now=now)
        self.hear(*({"kind": "wants", "page": page} for page in wants), {"kind": "listed"}, now=now)

    def permit(self, now: float = 0.0) -> int:
        page = self.state.next_permit()
        assert page is not None
        self.state.give_permit(page, now)
        return page

    def events(self) -> list[Event]:
        events = []
        while not self.state.events.empty():
            events.append(self.state.events.get())
        return events


def page(number: int, *, text: str = "text", language: str | None = "jpn") -> dict[str, object]:
    values = Page(number=number, text=text, source=TextSource.OCR, language=language).as_dict()
    return {"kind": "page", "page": values}


@pytest.fixture
def document() -> Iterator[Document]:
    made = Document()
    yield made
    for sock in made.sockets:
        sock.close()


def test_the_type_is_told_and_reading_waits_for_go(document: Document) -> None:
    document.hear({"kind": "type", "type": "pdf"})
    assert document.events() == [FileType.PDF]
    assert document.children[0].receive_ready() == []
    document.state.go(done=[2], hint="eng", preview=True)
    assert document.children[0].receive_ready() == [{"kind": "go", "skip": [2], "preview": True}]


def test_it_ends_when_every_page_and_the_preview_came(document: Document) -> None:
    document.open(2, wants=[2], preview=True)
    document.hear(page(1))
    assert document.permit() == 2
    document.hear(page(2))
    assert Ended() not in document.events()
    document.hear({"kind": "preview", "drawn": True})
    assert document.events() == [PreviewDrawn(drawn=True), Ended()]


def test_the_language_of_the_last_page_rides_on_the_next_permit(document: Document) -> None:
    document.open(2, wants=[1, 2])
    document.permit()
    document.hear(page(1, language="eng"))
    document.permit()
    permits = [m for m in document.children[0].receive_ready() if m["kind"] == "ocr"]
    assert [permit["hint"] for permit in permits] == [None, "eng"]


def test_pages_in_a_child_that_dies_are_tried_again_one_at_a_time(document: Document) -> None:
    document.open(3, wants=[1, 2, 3])
    document.permit()
    document.permit()
    assert document.state.on_exit(-signal.SIGSEGV, 1.0)
    document.begin(1.0)
    document.open(3, wants=[1, 2, 3])
    assert document.permit() == 1
    assert document.state.next_permit() is None
    document.hear(page(1))
    assert document.permit() == 2


def test_a_page_that_kills_keeps_the_layer_it_had(document: Document) -> None:
    layer = Page(number=9, text="from the layer", source=TextSource.TEXT_LAYER)
    for now in (1.0, 2.0):
        document.state.go(done=[], hint=None, preview=False)
        document.hear({"kind": "type", "type": "pdf"}, {"kind": "opened", "pages": 1})
        document.hear({"kind": "wants", "page": 1, "layer": layer.as_dict()}, {"kind": "listed"})
        document.permit()
        document.state.on_exit(-signal.SIGSEGV, now)
        document.begin(now)
    page, _ = document.events()
    assert page == replace(layer, number=1, reason="crashed")


def test_the_page_that_kills_twice_is_marked_crashed_and_the_rest_goes_on(document: Document) -> None:
    document.open(2, wants=[1, 2])
    document.permit()
    assert document.state.on_exit(-signal.SIGSEGV, 1.0)
    document.begin(1.0)
    document.open(2, wants=[1, 2])
    document.permit()
    assert document.state.on_exit(-signal.SIGSEGV, 2.0)
    document.begin(2.0)
    document.open(2, wants=[2])
    assert document.permit() == 2
    document.hear(page(2))
    crashed, good, ended = document.events()
    assert isinstance(crashed, Page)
    assert (crashed.number, crashed.source, crashed.text) == (1, TextSource.CRASHED, "")
    assert isinstance(good, Page)
    assert ended == Ended()


def test_a_document_that_kills_its_process_before_any_page_ends_after_two_tries(document: Document) -> None:
    assert document.state.on_exit(-signal.SIGSEGV, 1.0)
    document.begin(1.0)
    assert not document.state.on_exit(-signal.SIGSEGV, 2.0)
    (ended,) = document.events()
    assert isinstance(ended, Ended)
    assert ended.code is Code.CRASHED


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (-signal.SIGKILL, Code.MEMORY),
        (-signal.SIGXCPU, Code.TIMEOUT),
        (-signal.SIGSEGV, Code.CRASHED),
        (1, Code.CRASHED),
    ],
)
def test_the_exit_status_tells_why_a_child_died(document: Document, status: int, code: Code) -> None:
    document.state.on_exit(status, 1.0)
    document.begin(1.0)
    document.state.on_exit(status, 2.0)
    ended = document.events()[-1]
    assert isinstance(ended, Ended)
    assert ended.code is code


def test_the_page_a_reader_died_on_is_skipped_the_second_time(document: Document) -> None:
    for _ in range(2):
        document.state.go(done=[], hint=None, preview=False)
        document.hear({"kind": "type", "type": "pdf"}, {"kind": "opened", "pages": 3})
        document.hear(page(1))
        assert document.state.on_exit(-signal.SIGSEGV, 1.0)
        document.begin(1.0)
    document.hear({"kind": "type", "type": "pdf"})
    assert document.children[-1].receive_ready()[0]["skip"] == [1, 2]


def test_a_preview_that_kills_is_given_up_and_the_text_is_kept(document: Document) -> None:
    document.open(1, wants=[], preview=True)
    document.hear(page(1))
    assert not document.state.on_exit(-signal.SIGSEGV, 1.0)
    assert document.events()[-2:] == [PreviewDrawn(drawn=False), Ended()]


def test_a_page_over_its_time_is_killed_and_marked_without_another_try(document: Document) -> None:
    document.open(2, wants=[1, 2])
    document.permit(now=10.0)
    assert not document.state.check_deadlines(70.0)
    assert document.state.check_deadlines(76.0)
    assert document.state.on_exit(-signal.SIGKILL, 76.0)
    lost = document.events()[-1]
    assert isinstance(lost, Page)
    assert (lost.number, lost.source, lost.reason) == (1, TextSource.TIMED_OUT, "timeout")


def test_a_document_over_its_time_ends_with_what_it_has(document: Document) -> None:
    document.state.go(done=[], hint=None, preview=False)
    document.hear({"kind": "type", "type": "pdf"}, {"kind": "opened", "pages": 100})
    now = 0.0
    while not document.state.check_deadlines(now):
        document.hear({"kind": "wants", "page": 1}, now=now)
        now += 10.0
        assert now < 2_000
    assert now > LIMITS.document_timeout_s + 100 * LIMITS.document_timeout_per_page_s
    ended = document.events()[-1]
    assert isinstance(ended, Ended)
    assert ended.code is Code.TIMEOUT


def test_waiting_for_a_slot_costs_no_time(document: Document) -> None:
    document.open(1, wants=[1])
    for now in range(0, 100_000, 50):
        assert not document.state.check_deadlines(float(now))


def test_a_drained_document_gets_no_further_permit(document: Document) -> None:
    document.open(2, wants=[1, 2])
    document.permit()
    document.state.draining = True
    assert document.state.next_permit() is None


def test_rubbish_about_pages_is_not_believed(document: Document) -> None:
    document.open(2, wants=[1, 99, -1])
    document.hear(page(7))
    assert document.permit() == 1
    assert document.state.next_permit() is None
    assert document.events() == []
    with pytest.raises(ValueError, match="nonsense"):
        document.hear({"kind": "type", "type": "nonsense"})


def test_a_failure_told_by_the_child_ends_the_document(document: Document) -> None:
    document.hear({"kind": "failed", "code": "encrypted", "message": "needs a password"})
    assert document.events() == [Ended(code=Code.ENCRYPTED, message="needs a password")]


def test_too_many_lost_pages_end_the_document(document: Document) -> None:
    document.open(30, wants=list(range(1, 31)))
    for number in range(1, 12):
        for _ in range(2):
            document.permit()
            document.state.on_exit(-signal.SIGSEGV, 1.0)
            document.begin(1.0)
            document.open(30, wants=list(range(number, 31)))
            if any(isinstance(event, Ended) for event in document.events()):
                assert number > 10
                return
    pytest.fail("the document never ended")


def test_a_preview_that_never_ends_is_given_up_and_costs_no_page(document: Document) -> None:
    now = LIMITS.page_timeout_s + 10.0
    document.open(2, wants=[2], preview=True)
    document.hear(page(1))
    document.permit()
    assert document.state.check_deadlines(now)
    assert document.state.on_exit(-signal.SIGKILL, now)
    _, given_up = document.events()
    assert given_up == PreviewDrawn(drawn=False)
    document.begin(now)
    document.open(2, wants=[2], now=now)
    assert document.permit(now) == 2


def test_a_preview_that_kills_beside_permits_costs_no_page(document: Document) -> None:
    document.open(3, wants=[1, 2, 3], preview=True)
    document.permit()
    assert document.state.on_exit(-signal.SIGSEGV, 1.0)
    document.begin(1.0)
    document.hear({"kind": "type", "type": "pdf"})
    assert document.children[-1].receive_ready()[0]["preview"] is False
    document.hear({"kind": "opened", "pages": 3})
    for page_number in (1, 2, 3):
        document.hear({"kind": "wants", "page": page_number})
    document.hear({"kind": "listed"})
    assert document.permit() == 1
    assert document.permit() == 2


def test_more_text_than_allowed_ends_the_document_with_what_came_before(document: Document) -> None:
    document.open(3, wants=[1, 2, 3])
    document.hear(page(1, text="a" * 900), page(2, text="b" * 101), page(3))
    first, ended = document.events()
    assert isinstance(first, Page)
    assert first.number == 1
    assert isinstance(ended, Ended)
    assert ended.code is Code.BOMB
