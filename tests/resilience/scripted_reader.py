"""Document processes that follow a script behind the sandbox's protocol, in virtual time.

The bytes of a file are its script: a JSON object with `text`, `pages`, `ocr` (the pages without a text
layer), `ocr_s` (how long each takes), `picture` (whether one to embed is drawn) and `thumbnail`, `fails` (a
code that ends the reading) and `kills` (a page that ends the process).
"""

from __future__ import annotations

import itertools
import json
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.resilience.clock import Signal
from tests.resilience.simulated_threads import scheduler
from worker.errors import Code
from worker.extract.tools import Tools
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.channel import ChannelClosedError
from worker.sandbox.confinement import Walls
from worker.sandbox.protocol import (
    PICTURE_NAME,
    THUMBNAIL_NAME,
    AllPagesListed,
    BeginReading,
    ChildExited,
    DocumentOpened,
    FromDocumentProcess,
    OcrPage,
    PageExtracted,
    PageNeedsOcr,
    PreviewDone,
    ReadingFailed,
    SpawnRequest,
    TypeDetected,
    message_to_document_process,
    to_json,
)

TOOLS = Tools(tesseract="5.3.0", languages=("jpn", "eng"))
_numbers = itertools.count(1_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class OcredPage:
    """One page that a document process OCRed to its end."""

    process: str
    content: str
    page: int
    at: float


class MemoryChannel:
    """The worker's end of a channel; `sent` gets what the worker sends."""

    def __init__(self, sent: Callable[[Mapping[str, object]], None]) -> None:
        self._inbox: deque[dict[str, Any]] = deque()
        self._sent = sent
        self._number = next(_numbers)
        self.is_closed_there = False
        self.signal: Signal | None = None

    @property
    def ready(self) -> bool:
        return bool(self._inbox) or self.is_closed_there

    def fileno(self) -> int:
        return self._number

    def send(self, values: Mapping[str, object], *, descriptor: int | None = None) -> None:  # noqa: ARG002
        if self.is_closed_there:
            raise ChannelClosedError("closed by the far side")
        self._sent(values)

    def put(self, values: dict[str, Any]) -> None:
        """Deliver what the far side sends."""
        self._inbox.append(json.loads(json.dumps(values)))
        self._announce()

    def close_there(self) -> None:
        self.is_closed_there = True
        self._announce()

    def receive_ready(self) -> Iterator[dict[str, Any]]:
        if not self._inbox and self.is_closed_there:
            raise ChannelClosedError("closed by the far side")
        while self._inbox:
            yield self._inbox.popleft()

    def close(self) -> None:
        self._number = -1

    def _announce(self) -> None:
        if self.signal is not None:
            scheduler().notify(self.signal)


class ScriptedProcess:
    """One document process."""

    def __init__(self, request: SpawnRequest, ocred: list[OcredPage], die: Callable[[int], None]) -> None:
        self._request = request
        self._ocred = ocred
        self._die = die
        self._inbox: deque[object] = deque()
        self._arrived = Signal()
        self.is_dead = False
        self.channel = MemoryChannel(self._take)

    def run(self) -> None:
        """Follow the script until the process is killed."""
        data = Path(self._request.document.path).read_bytes()
        try:
            script = json.loads(data)
        except ValueError:
            self._send(ReadingFailed(code=Code.UNSUPPORTED_TYPE, message="no script"))
            return
        self._send(TypeDetected(file_type=FileType.PDF))
        begin = self._next()
        if isinstance(begin, BeginReading):
            self._read(script, begin)

    def end(self) -> None:
        """Be dead: nothing is sent any more."""
        self.is_dead = True
        self.channel.close_there()
        scheduler().notify(self._arrived)

    def _read(self, script: dict[str, Any], begin: BeginReading) -> None:
        if fails := script.get("fails"):
            self._send(ReadingFailed(code=Code(fails), message="as the script says"))
            return
        self._send(DocumentOpened(pages=script["pages"]))
        for number in sorted(set(range(1, script["pages"] + 1)) - set(begin.skip)):
            if number in script.get("ocr", ()):
                self._send(PageNeedsOcr(page=number, fallback=None))
            else:
                self._send(PageExtracted(page=page_of(script, number)))
        self._send(AllPagesListed())
        if begin.preview:
            self._draw(script)
        self._ocr(script)

    def _draw(self, script: dict[str, Any]) -> None:
        is_drawn = script.get("picture", True)
        if is_drawn and not self.is_dead:
            folder = self._request.document.folder
            (folder / PICTURE_NAME).write_bytes(f"picture of {script['text']}".encode())
            if script.get("thumbnail"):
                (folder / THUMBNAIL_NAME).write_bytes(b"thumbnail")
        self._send(PreviewDone(drawn=is_drawn))

    def _ocr(self, script: dict[str, Any]) -> None:
        """Work on all permitted pages at a time, each for as long as the script says."""
        due: dict[int, float] = {}
        while not self.is_dead:
            now = scheduler().now
            for number in [number for number, at in due.items() if at <= now]:
                del due[number]
                if number == script.get("kills"):
                    self._die(-signal.SIGSEGV)
                    return
                self._ocred.append(
                    OcredPage(
                        process=scheduler().current.process.name,
                        content=script["text"],
                        page=number,
                        at=now,
                    )
                )
                self._send(PageExtracted(page=page_of(script, number)))
            wait_s = min(due.values()) - now if due else None
            permit = self._next(wait_s)
            if isinstance(permit, OcrPage):
                due[permit.page] = scheduler().now + script.get("ocr_s", 1.0)

    def _next(self, timeout_s: float | None = None) -> object | None:
        if not self._inbox and not self.is_dead:
            scheduler().wait(self._arrived, timeout_s)
        return self._inbox.popleft() if self._inbox else None

    def _take(self, values: Mapping[str, object]) -> None:
        self._inbox.append(message_to_document_process(dict(values)))
        scheduler().notify(self._arrived)

    def _send(self, message: FromDocumentProcess) -> None:
        if not self.is_dead:
            self.channel.put(to_json(message))


def page_of(script: Mapping[str, Any], number: int) -> Page:
    """A page as a script makes it."""
    is_ocred = number in script.get("ocr", ())
    return Page(
        number=number,
        text=f"{script['text']} page {number}",
        source=TextSource.OCR if is_ocred else TextSource.TEXT_LAYER,
        ocr_s=script.get("ocr_s", 1.0) if is_ocred else 0.0,
    )


class ScriptedForkServer:
    """Stands where the worker's ForkServerClient is; `ocred` is of the whole fleet."""

    ocred: list[OcredPage]

    def __init__(self, **_: object) -> None:
        self.cpu_s = 0.0
        self.walls = Walls()
        self.channel: MemoryChannel | None = None
        self._processes: dict[str, ScriptedProcess] = {}

    def start(self) -> Tools:
        self.channel = MemoryChannel(lambda _: None)
        return TOOLS

    def spawn(self, child: str, request: SpawnRequest) -> MemoryChannel:
        process = ScriptedProcess(request, self.ocred, lambda code: self._exit(child, code))
        self._processes[child] = process
        scheduler().spawn(f"document-{child}", process.run, scheduler().current.process)
        return process.channel

    def kill(self, child: str) -> None:
        self._exit(child, -signal.SIGKILL)

    def use_of(self, child: str) -> None:
        """Nobody knows what a script would use; the clock goes by the wall then."""

    def receive(self) -> list[tuple[str, int]]:
        messages = list(self.channel.receive_ready()) if self.channel else []
        return [(message["child"], message["code"]) for message in messages]

    def kill_orphans(self) -> None:
        self.close()

    def close(self) -> None:
        for process in self._processes.values():
            process.end()
        self._processes.clear()

    def _exit(self, child: str, code: int) -> None:
        process = self._processes.pop(child, None)
        if process is not None and self.channel is not None:
            process.end()
            self.channel.put(to_json(ChildExited(child=child, code=code, cpu_s=0.0)))
