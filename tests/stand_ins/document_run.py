"""A document's RunState with the test in the place of its child."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path

from worker.extract.read_options import Limits
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.runtime.machine.process_use import ProcessUse
from worker.sandbox.channel import Channel
from worker.sandbox.nets.events import Event
from worker.sandbox.protocol import (
    AllPagesListed,
    DocumentOpened,
    ExtractionRequest,
    FromDocumentProcess,
    PageExtracted,
    PageNeedsOcr,
    ToDocumentProcess,
    TypeDetected,
    message_to_document_process,
)
from worker.sandbox.run_state import RunState

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


PDF = TypeDetected(file_type=FileType.PDF)


class DocumentRun:
    """A RunState whose child's side of the socket the test plays."""

    def __init__(self) -> None:
        request = ExtractionRequest(path=Path("x"), name="x", folder=Path())
        self.state = RunState(request, limits=LIMITS, now=0.0)
        self.children: list[Channel] = []
        self.sockets: list[socket.socket] = []
        self.now = self.used_s = 0.0
        self.begin()

    def begin(self) -> None:
        self.used_s = 0.0
        ours, theirs = socket.socketpair()
        self.sockets += [ours, theirs]
        self.children.append(Channel(theirs))
        self.state.begin_child(str(len(self.children)), Channel(ours), self.now)

    def receive(self, *messages: FromDocumentProcess) -> None:
        for message in messages:
            self.state.on_message(message)

    def open(self, pages: int, *, preview: bool = False) -> None:
        self.state.go(done=[], preview=preview)
        self.receive(PDF, DocumentOpened(pages=pages))

    def list_pages(self, pages: int, *, ocr: Iterable[int], preview: bool = False) -> None:
        """Behave as a child until it waits for permits: send what is not finished and needs no OCR."""
        self.open(pages, preview=preview)
        for number in sorted(set(range(1, pages + 1)) - self.state.finished):
            self.receive(needs_ocr(number) if number in ocr else page(number))
        self.receive(AllPagesListed())

    def permit(self) -> int:
        number = self.state.next_permit()
        assert number is not None
        self.state.give_permit(number)
        return number

    def work(self, seconds: float) -> bool:
        """Let the child use so much CPU time; whether it met a net."""
        self.used_s += seconds
        self.now += seconds
        return self.state.check_deadlines(self.now, ProcessUse(cpu_s=self.used_s, is_runnable=True))

    def sent(self) -> list[ToDocumentProcess]:
        """What the newest child was sent since the last call."""
        return [message_to_document_process(values) for values in self.children[-1].receive_ready()]

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()

    def events(self) -> list[Event]:
        events = []
        while not self.state.events.empty():
            events.append(self.state.events.get())
        return events


def page(number: int, *, text: str = "text", language: str | None = "jpn") -> PageExtracted:
    return PageExtracted(page=Page(number=number, text=text, source=TextSource.OCR, language=language))


def needs_ocr(number: int) -> PageNeedsOcr:
    return PageNeedsOcr(page=number, fallback=None)
