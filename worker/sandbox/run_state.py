"""The state of one document that is being read: what came, what is awaited, what to do when its process dies.

The scheduler feeds it messages, exits and the time; the document's thread takes its events. A process that
dies is replaced: pages that may have killed it are tried again one at a time, and a page that kills twice is
given up. All methods expect the scheduler's lock to be held.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from contextlib import suppress

from worker.errors import UNREAD, Code
from worker.extract.language_hint import PageHints
from worker.extract.read_options import Limits
from worker.models.file import FileType
from worker.models.page import Page
from worker.runtime.machine.process_use import ProcessUse
from worker.sandbox import protocol
from worker.sandbox.channel import Channel, ChannelClosedError, ProtocolError
from worker.sandbox.checks.phase import Phase
from worker.sandbox.members.member_ranges import DOCUMENT, MemberRanges
from worker.sandbox.members.messages import MemberBegun, MemberOpened
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.nets.exit_status import code_of_process, crash_code
from worker.sandbox.nets.lost_pages import LostPages, TextRoom
from worker.sandbox.nets.reading_time import Met, ReadingTime
from worker.sandbox.nets.waiting_pages import WaitingPages
from worker.sandbox.protocol import DocumentDetails, ExtractionRequest, PreviewDone


class RunState:
    """The bookkeeping of one document in the sandbox."""

    def __init__(self, request: ExtractionRequest, *, limits: Limits, now: float) -> None:
        self.request = request
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.dead = threading.Event()
        self.phase = Phase.DETECTING
        self.channel: Channel | None = None
        self.child = ""
        self.finished: set[int] = set()
        self._waiting = WaitingPages()
        self._time = ReadingTime(limits, now)
        self.permits = self._time.permits
        self._hints = PageHints()
        self.kill_code: Code | None = None
        self.ends_by_itself = False  # its process has sent all it had to, and awaits no permit
        self.draining = self._may_go = self._needs_ocr = False
        self._preview_awaited = True
        self._listed: set[int] = set()
        self._members = MemberRanges()
        self.same = self._members.same
        self._lost = LostPages(self._members.first_page_of)
        self._room = TextRoom(limits.max_text_chars)

    def go(self, *, done: Iterable[Page], preview: bool) -> None:
        """Let the reading begin, without the pages that are done already."""
        for page in done:
            self.finished.add(page.number)
            self._hints.add(page)
            self._members.restore(page)
        self._preview_awaited = preview
        self._may_go = True
        if self.phase is Phase.WAITING:
            self._begin_reading()

    def on_message(self, message: protocol.FromDocumentProcess) -> None:
        """Take one message of the child; raises ProtocolError for one that it may not send now."""
        if self.is_ended:
            return
        if not isinstance(message, protocol.MESSAGES_IN[self.phase]):
            raise ProtocolError(f"{type(message).__name__} while {self.phase}")
        self._time.hear()
        match message:
            case protocol.TypeDetected():
                self._on_type(message.file_type)
            case protocol.DocumentOpened():
                self._members.begin_document(message.pages)
                self.phase = Phase.LISTING
            case DocumentDetails():
                self._list_page(DOCUMENT)
                self.events.put(message)
            case MemberBegun():
                self._members.begin(message)
            case MemberOpened():
                self.events.put(self._members.open(message))
            case protocol.PageNeedsOcr():
                self._on_page_to_ocr(message.page, message.fallback)
            case protocol.PageExtracted():
                self._on_page(message.page)
            case protocol.AllPagesListed():
                self.phase = Phase.LISTED
                self._waiting.sort()
            case PreviewDone():
                self._on_preview(message)
            case protocol.ReadingFailed():
                self.end(code_of_process(message.code), message.message)
        self._end_if_complete()

    def next_permit(self) -> int | None:
        """The page to OCR next, None while there is none or the child is not ready for it."""
        if self.phase is not Phase.LISTED or self.draining or self.kill_code or self.channel is None:
            return None
        page = self._waiting.next(self.permits)
        # With no page under way a hint stays unknown: of pages that only a process that died has listed.
        is_ready = page is not None and (not self.permits or self._hints.is_known(page))
        return page if is_ready else None

    def give_permit(self, page: int) -> None:
        """Send the child a permit for a page; a dead child's permits come back by `on_exit`."""
        self._waiting.take()
        self.permits[page] = 0.0
        self._time.hear()
        self._send(protocol.OcrPage(page=page, hint=self._hints.hint(page)))

    def check_deadlines(self, now: float, use: ProcessUse | None) -> bool:
        """Count the work since the last call; True when a net is met and the child must be killed."""
        # Without a slot, or before it may go, the time is the worker's.
        is_idle = self.phase in (Phase.WAITING, Phase.ENDED)
        is_without_slot = self.phase is Phase.LISTED and not self.permits and bool(self._waiting)
        is_waiting = is_idle or bool(self.kill_code) or is_without_slot
        met = self._time.count(use, now, is_counted=not is_waiting, page_count=self.page_count)
        if met is Met.DOCUMENT:
            limit_s = self._time.document_s(self.page_count)
            self.end(Code.TIMEOUT, f"reading it took more than {limit_s:.0f} s of work")
        elif met is Met.PAGE:
            self.kill_code = Code.TIMEOUT
        return met is not Met.NONE

    def on_exit(self, code: int) -> bool:
        """Take the child's end (exit status, negative for a signal); True when it needs a successor."""
        late = self._time.late()
        permits, self.channel = list(self.permits), None
        self.permits.clear()
        kill_code, self.kill_code = self.kill_code, None
        self.dead.set()
        if self.is_ended:
            return False
        if code == protocol.NOT_FORKED:
            self.fail_to_start("the fork failed, for want of memory or of processes")
            return False
        if self.phase is Phase.LISTED and self._preview_awaited:
            # The preview is suspected first, if it crashed or if it never ended (pages wait for it, so they
            # are late too); it is not drawn again.
            self._preview_awaited = False
            self._waiting.restore(permits)
            self.events.put(PreviewDone(drawn=False, code=Code.THUMBNAIL_TIMEOUT))
        elif kill_code is Code.TIMEOUT:
            self._give_up(late or [self._page_in_progress()], Code.TIMEOUT)
        else:
            self._count_crash(permits or [self._page_in_progress()], crash_code(code), retry=bool(permits))
        self._end_if_complete()
        return not self.is_ended

    def fail_to_start(self, reason: str) -> None:
        """No process could be started: a fault of this machine, which says nothing about the document."""
        self.dead.set()
        self.end(Code.LOCAL_FAULT, f"no process can be started to read it: {reason}")

    def begin_child(self, child: str, channel: Channel, now: float) -> None:
        """A new process reads this document from here on."""
        self.child, self.channel = child, channel
        self.dead.clear()
        self.phase = Phase.DETECTING
        self._needs_ocr = False
        self._waiting.begin_process()
        self._listed.clear()
        self._time.begin_process(now)

    def end(self, code: Code | None = None, message: str = "") -> None:
        """Put the last event; safe to call twice."""
        if self.is_ended:
            return
        self.phase = Phase.ENDED
        if code is not None and code in UNREAD:
            # Each page that waited for OCR is listed as unread, with what is known of it.
            left = self._listed - self.finished - {DOCUMENT}
            for page in self._lost.rest(left | self._lost.with_layer, code, max_chars=self._room.left_chars):
                self.events.put(self._members.stamp(page))
        self.events.put(ReadingEnded(code=code, message=message))

    @property
    def page_count(self) -> int:
        """The pages known so far, of the document and of the files in it."""
        return self._members.last_page

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is awaited."""
        return self.phase is Phase.ENDED

    def _on_type(self, file_type: FileType) -> None:
        self.phase = Phase.WAITING
        if self._may_go:
            self._begin_reading()
        else:
            self.events.put(file_type)

    def _begin_reading(self) -> None:
        self.phase = Phase.OPENING
        skip = tuple(sorted(self.finished))
        self._send(protocol.BeginReading(skip=skip, preview=self._preview_awaited, lost=self._members.lost))

    def _on_page_to_ocr(self, page: int, fallback: Page | None) -> None:
        self._list_page(page)
        self._needs_ocr = True
        self._hints.expect(page)
        if fallback is not None:
            self._lost.keep(fallback)
        if not self.same.waits(page, listed=self._listed):
            self._waiting.add(page)
        for copy in self.same.copies_at_once(page):
            self._put(self._room.fit(copy))

    def _on_page(self, page: Page) -> None:
        if self.phase is Phase.LISTING:
            self._list_page(page.number)
        elif self.permits.pop(page.number, None) is None:
            raise ProtocolError("a page without a permit")
        elif page.reason == Code.MEMORY and self.permits and not self._waiting.has_crashed(page.number):
            # The pages of one process share its memory: what lacked it beside others is read again alone.
            self._count_crash([page.number], Code.MEMORY, retry=True)
            return
        self._finish(self._room.fit(page))

    def _list_page(self, page: int) -> None:
        if page > self.page_count or page in self.finished or page in self._listed:
            raise ProtocolError("a page beyond the last one, or what came before")
        self._listed.add(page)

    def _on_preview(self, preview: PreviewDone) -> None:
        if not self._preview_awaited:
            raise ProtocolError("a preview that was not asked for")
        self._preview_awaited = False
        self.events.put(preview)

    def _finish(self, page: Page) -> None:
        self._put(page)
        are_too_many = self._lost.count_late(page)
        left = self.page_count - len(self.finished)
        if left <= 0 or not (are_too_many or self._lost.are_late(page.number)):
            return
        if are_too_many or self._members.first_page_of(page.number) == DOCUMENT:
            self.end(Code.TIMEOUT, f"so many pages took too long that {left} more are not read")
        else:
            self._leave_member(page.number, Code.TIMEOUT)

    def _put(self, page: Page) -> None:
        page = self._members.stamp(page)
        self.finished.add(page.number)
        self._lost.finish(page)
        self._waiting.drop(page.number)
        self._hints.add(page)
        self.events.put(page)
        for copy in self.same.copies(page.number):
            self._put(self._room.fit(copy))

    def _leave_member(self, page: int, code: Code, *, after: int = 0) -> None:
        """Give up the pages after one that are left of the file that a page is of; other files are read."""
        beside = {n for n in self._members.pages_beside(page) if n > after} - self.finished - {*self.permits}
        self._waiting.leave(beside)
        for lost in self._lost.rest(beside, code, max_chars=self._room.left_chars):
            self._put(lost)

    def _page_in_progress(self) -> int:
        """The page a process without permits died on: the first that it had not sent."""
        if self.phase in (Phase.DETECTING, Phase.WAITING):
            return DOCUMENT
        known = self.finished | self._listed
        return next((n for n in range(1, self.page_count + 1) if n not in known), DOCUMENT)

    def _count_crash(self, pages: list[int], code: Code, *, retry: bool) -> None:
        if crashing := self._waiting.count_crash(pages, retry=retry):
            self._give_up(crashing, code)

    def _give_up(self, pages: list[int], code: Code) -> None:
        self._lost.count(pages, code)
        if DOCUMENT in pages or self._lost.are_too_many:
            self.end(code, f"its process ended early ({code.value})")
        for page in pages if not self.is_ended else ():
            self._finish(self._lost.page(page, code))
            # No reader comes to the pages behind one that kills it.
            after = 0 if self._lost.are_too_many_beside(page) else page
            if after == 0 or self.phase is Phase.LISTING:
                self._leave_member(page, code, after=after)

    def _end_if_complete(self) -> None:
        awaited = self._waiting or self.permits or self._preview_awaited
        if self.phase is Phase.LISTED and not awaited:
            self.ends_by_itself = not self._needs_ocr
            self.end()

    def _send(self, message: protocol.ToDocumentProcess) -> None:
        if self.channel is not None:
            # Where the child is gone, its exit is on the way and decides what happens next.
            with suppress(ChannelClosedError):
                self.channel.send(protocol.to_json(message))
