"""One document being read in a child process: what came, what is awaited, what goes wrong.

The sandbox feeds it messages, exits and the time; the document's thread takes events out. A child that
dies is replaced once for each page that may have killed it: those pages are tried again one at a
time, the one that kills again is marked crashed, and the rest goes on. All methods but `next` expect
the sandbox's lock to be held.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from worker.errors import Code
from worker.extract.language_hint import hint_of
from worker.extract.pdf.layer_merge import join
from worker.extract.read_options import Limits
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.channel import Channel, ChannelClosedError, Message

THUMBNAIL_NAME = "thumbnail.webp"
PICTURE_NAME = "picture.jpg"
_MAX_LOST_PAGES = 10
_GRACE_S = 5.0
_DOCUMENT = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractionRequest:
    """Which file to read, the name people know it by, and the private folder of its process."""

    path: Path
    name: str
    folder: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewDrawn:
    """The pictures of the document are in its folder, or there are none."""

    drawn: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """Nothing more will come; `code` is None when all that could be read was read."""

    code: Code | None = None
    message: str = ""


Event = FileType | Page | PreviewDrawn | Ended


class Phase(StrEnum):
    """Where the child is in its straight line."""

    DETECTING = "detecting"
    WAITING = "waiting"
    READING = "reading"
    LISTED = "listed"
    ENDED = "ended"


class RunState:
    """The bookkeeping of one document in the sandbox."""

    def __init__(self, request: ExtractionRequest, *, limits: Limits, now: float) -> None:
        self.request = request
        self.limits = limits
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.dead = threading.Event()
        self.phase = Phase.DETECTING
        self.channel: Channel | None = None
        self.child = ""
        self.page_count = 0
        self.finished: set[int] = set()
        self.wanted: deque[int] = deque()
        self.suspects: deque[int] = deque()
        self.permits: dict[int, float] = {}
        self.hint: str | None = None
        self.draining = False
        self.kill_code: Code | None = None
        self._may_go = False
        self._preview_awaited = True
        self._strikes: dict[int, int] = {}
        self._layers: dict[int, Page] = {}
        self._lost = 0
        self._left_chars = limits.max_text_chars
        self._active_s = 0.0
        self._checked_at = now
        self._progress_at = now

    def go(self, *, done: Iterable[int], hint: str | None, preview: bool) -> None:
        """Let the reading begin, without the pages that are done already."""
        self.finished.update(done)
        self.hint = hint
        self._preview_awaited = preview
        self._may_go = True
        if self.phase is Phase.WAITING:
            self._send_go()

    def on_message(self, message: Message, now: float) -> None:
        """Take one message of the child; rubbish raises KeyError, TypeError or ValueError."""
        if self.phase is Phase.ENDED:
            return
        self._progress_at = now
        match message["kind"]:
            case "type":
                self._on_type(FileType(message["type"]))
            case "opened":
                self.page_count = int(message["pages"])
            case "wants":
                self._on_wants(int(message["page"]), message.get("layer"))
            case "page":
                self._on_page(Page.from_dict(message["page"]))
            case "listed":
                self.phase = Phase.LISTED
            case "preview":
                self._preview_awaited = False
                self.events.put(PreviewDrawn(drawn=bool(message["drawn"])))
            case "failed":
                self.end(Code(message["code"]), str(message["message"]))
        self._end_if_complete()

    def next_permit(self) -> int | None:
        """The page to recognise next, None while there is none or the child is not ready for it."""
        if self.phase is not Phase.LISTED or self.draining or self.kill_code or self.channel is None:
            return None
        if self.suspects:
            return None if self.permits else self.suspects[0]
        return self.wanted[0] if self.wanted else None

    def give_permit(self, page: int, now: float) -> None:
        """Send the child a permit for a page; a dead child's permits come back by `on_exit`."""
        (self.suspects if self.suspects else self.wanted).popleft()
        self.permits[page] = now
        self._progress_at = now
        self._send({"kind": "ocr", "page": page, "hint": self.hint})

    def check_deadlines(self, now: float) -> bool:
        """Count the time; True when a limit is passed and the child must be killed."""
        elapsed, self._checked_at = now - self._checked_at, now
        if self.phase in (Phase.WAITING, Phase.ENDED) or self.kill_code or self._waits_for_slot():
            self._progress_at = now
            return False
        self._active_s += elapsed
        limits = self.limits
        document_s = limits.document_timeout_s + limits.document_timeout_per_page_s * self.page_count
        if self._active_s > document_s:
            self.end(Code.TIMEOUT, f"reading it took more than {document_s:.0f} s")
            return True
        if now - min([self._progress_at, *self.permits.values()]) > limits.page_timeout_s + _GRACE_S:
            self.kill_code = Code.TIMEOUT
            return True
        return False

    def on_exit(self, code: int, now: float) -> bool:
        """Take the child's end (exit status, negative for a signal); True when it needs a successor."""
        late = [page for page, since in self.permits.items() if now - since > self.limits.page_timeout_s]
        permits, self.channel = list(self.permits), None
        self.permits.clear()
        self._progress_at = now
        killed_for, self.kill_code = self.kill_code, None
        self.dead.set()
        if self.phase is Phase.ENDED:
            return False
        if self.phase is Phase.LISTED and self._preview_awaited:
            # The drawing of the pictures is suspected first, if it crashed or if it never ended (pages wait
            # for it, so they are late too); a document is not tried again for those.
            self._preview_awaited = False
            self.wanted.extend(permits)
            self.events.put(PreviewDrawn(drawn=False))
        elif killed_for is Code.TIMEOUT:
            self._give_up(late or [self._page_in_hand()], Code.TIMEOUT)
        else:
            self._suspect(permits or [self._page_in_hand()], _crash_code(code), retry=bool(permits))
        self._end_if_complete()
        return not self._ended()

    def begin_child(self, child: str, channel: Channel, now: float) -> None:
        """A new process reads this document from here on."""
        self.child, self.channel = child, channel
        self.dead.clear()
        self.phase = Phase.DETECTING
        self.wanted.clear()
        self._progress_at = now

    def end(self, code: Code | None = None, message: str = "") -> None:
        """Nothing more will come of this document."""
        if self.phase is not Phase.ENDED:
            self.phase = Phase.ENDED
            self.events.put(Ended(code=code, message=message))

    def _ended(self) -> bool:
        return self.phase is Phase.ENDED

    def _on_type(self, file_type: FileType) -> None:
        self.phase = Phase.WAITING
        if self._may_go:
            self._send_go()
        else:
            self.events.put(file_type)

    def _send_go(self) -> None:
        self.phase = Phase.READING
        self._send({"kind": "go", "skip": sorted(self.finished), "preview": self._preview_awaited})

    def _on_wants(self, page: int, layer: Mapping[str, object] | None) -> None:
        if layer is not None:
            self._layers[page] = replace(Page.from_dict(layer), number=page)
        if 1 <= page <= self.page_count and page not in self.finished and page not in self.suspects:
            self.wanted.append(page)

    def _on_page(self, page: Page) -> None:
        self.permits.pop(page.number, None)
        if not 1 <= page.number <= self.page_count or page.number in self.finished:
            return
        # A child that keeps to the rules has stopped by then; one that was taken over may send for ever.
        self._left_chars -= len(page.text)
        if self._left_chars < 0:
            self.end(Code.BOMB, "more text than one document may hold")
            return
        self._finish(page)

    def _finish(self, page: Page) -> None:
        self.finished.add(page.number)
        self._layers.pop(page.number, None)
        self.hint = hint_of(page) or self.hint
        self.events.put(page)

    def _waits_for_slot(self) -> bool:
        return self.phase is Phase.LISTED and not self.permits and bool(self.wanted or self.suspects)

    def _page_in_hand(self) -> int:
        """The page a process without permits died on: the first it had not told of."""
        if self.phase in (Phase.DETECTING, Phase.WAITING):
            return _DOCUMENT
        known = self.finished.union(self.wanted)
        return next((n for n in range(1, self.page_count + 1) if n not in known), _DOCUMENT)

    def _suspect(self, pages: list[int], code: Code, *, retry: bool) -> None:
        for page in pages:
            self._strikes[page] = self._strikes.get(page, 0) + 1
        if guilty := [page for page in pages if self._strikes[page] > 1]:
            self._give_up(guilty, code)
        if retry:
            self.suspects.extend(p for p in pages if p not in guilty and p not in self.suspects)

    def _give_up(self, pages: list[int], code: Code) -> None:
        self._lost += len(pages)
        if _DOCUMENT in pages or self._lost > _MAX_LOST_PAGES:
            self.end(code, f"its process ended early ({code.value}), {self._lost} times in all")
            return
        source = TextSource.TIMED_OUT if code is Code.TIMEOUT else TextSource.CRASHED
        for page in pages:
            lost = Page(number=page, text="", source=source, reason=code.value)
            layer = self._layers.get(page)
            self._finish(lost if layer is None else join(layer, lost))

    def _end_if_complete(self) -> None:
        waiting = self.wanted or self.suspects or self.permits or self._preview_awaited
        if self.phase is Phase.LISTED and not waiting:
            self.end()

    def _send(self, message: Message) -> None:
        try:
            if self.channel is not None:
                self.channel.send(message)
        except ChannelClosedError:
            # The child is dead; its exit is on the way and decides what happens next.
            return


def _crash_code(status: int) -> Code:
    """Why a process died that nobody here killed: SIGKILL is the kernel short of memory."""
    if status == -signal.SIGKILL:
        return Code.MEMORY
    return Code.TIMEOUT if status == -signal.SIGXCPU else Code.CRASHED
