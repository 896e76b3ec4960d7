"""The worker's side of reading documents: processes, page permits, streamed results, limits, kills.

Untrusted bytes are parsed in child processes only. One thread drives `step()`; each document's thread takes
its events from a queue of its own.
"""

from __future__ import annotations

import math
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from worker.errors import Code
from worker.extract.read_options import ReadOptions
from worker.extract.tools import Tools, require_languages, resolve_options
from worker.sandbox.channel import Channel, ChannelClosedError, ProtocolError
from worker.sandbox.confinement import WALLS_TO_HAVE, Walls
from worker.sandbox.fork_server_client import ForkServerClient
from worker.sandbox.protocol import ExtractionRequest, SpawnRequest, message_from_document_process
from worker.sandbox.run_state import RunState
from worker.sandbox.runs.extraction_run import ExtractionRun

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

_TICK_S = 0.2
_CHECK_EVERY_S = 1.0


class Sandbox:
    """All children of one worker, and its CPU slots. `start` before any thread, then `step` in a loop.

    `fork_server` may have begun.
    """

    def __init__(
        self,
        *,
        options: ReadOptions,
        slots: int,
        work_root: Path,
        environment: Mapping[str, str],
        fork_server: ForkServerClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.RLock()
        self._options = options
        self.slots = slots
        self._fork_server = fork_server or ForkServerClient(work_root=work_root, environment=environment)
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._order: deque[RunState] = deque()
        self._children: dict[str, tuple[RunState, Channel]] = {}
        self._count = 0
        self._check_at = -math.inf
        self._check_every_s = min(_CHECK_EVERY_S, options.limits.page_timeout_s / 2)
        self._closed = False
        self._fork_server_is_dead = False

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all children that ended, and of what they started."""
        return self._fork_server.cpu_s

    @property
    def pages_left(self) -> int:
        """Pages of the open documents that are not finished, as far as is known."""
        with self.lock:
            return sum(max(0, state.page_count - len(state.finished)) for state in self._order)

    @property
    def walls(self) -> Walls:
        """Which walls stand around the children of a started sandbox."""
        return self._fork_server.walls

    def start(self) -> Tools:
        """Start the fork server and wait until it is warm.

        Raises MisconfiguredError when the OCR engine or one of the languages is missing.
        """
        tools = self._start_fork_server()
        log = _log().warning if self.walls.missing.keys() & WALLS_TO_HAVE else _log().info
        log("readers_confined", walls=self.walls.standing, missing=dict(self.walls.missing))
        require_languages(self._options.languages, tools)
        self._options = resolve_options(self._options, tools)
        return tools

    def open(self, request: ExtractionRequest) -> ExtractionRun:
        """Start a child on a file; the caller enters the run as a context manager."""
        with self.lock:
            state = RunState(request, limits=self._options.limits, now=self._clock())
            self._order.append(state)
            self._start_child(state)
        return ExtractionRun(state, lock=self.lock, close=self.close_run, kill=self.kill)

    def step(self, timeout_s: float = _TICK_S) -> None:
        """One turn: take the messages that came, check the deadlines, grant permits."""
        ready = self._selector.select(timeout_s)
        with self.lock:
            if self._fork_server_is_dead:
                self._replace_fork_server()
            for key, _ in ready:
                if key.data is None:
                    self._receive_from_fork_server()
                else:
                    self._receive_from_child(str(key.data))
            now = self._clock()
            # Not at every turn: several files say what a process used, and the limits are of seconds.
            if now >= self._check_at:
                self._check_at = now + self._check_every_s
                self._check_deadlines(now)
            self._grant_permits()

    def close_run(self, state: RunState) -> None:
        """Forget a document, whose child ends by itself or is to be killed."""
        with self.lock:
            state.end()
            if state in self._order:
                self._order.remove(state)

    def kill(self, state: RunState) -> None:
        """Kill the child of a document; its permits return when the child is dead."""
        with self.lock:
            self._fork_server.kill(state.child)

    def close(self) -> None:
        """Kill every child and the fork server; safe to call twice."""
        with self.lock:
            self._closed = True
            self._forget_channel(self._fork_server.channel)
            self._fork_server.close()

    def _start_fork_server(self) -> Tools:
        tools = self._fork_server.start()
        if self._fork_server.channel is not None:
            self._selector.register(self._fork_server.channel, selectors.EVENT_READ, None)
        return tools

    def _start_child(self, state: RunState) -> None:
        self._count += 1
        child = str(self._count)
        request = SpawnRequest(document=state.request, slots=self.slots, options=self._options)
        try:
            channel = self._fork_server.spawn(child, request)
        except OSError as error:
            state.fail_to_start(error.strerror or "")
            return
        self._children[child] = (state, channel)
        state.begin_child(child, channel, self._clock())
        self._selector.register(channel, selectors.EVENT_READ, child)

    def _receive_from_fork_server(self) -> None:
        try:
            exits = self._fork_server.receive()
        except (ChannelClosedError, ProtocolError) as error:
            self._replace_fork_server(str(error))
            return
        for child, code in exits:
            # What it sent before it died may not have been read yet.
            self._receive_from_child(child)
            self._on_child_exit(child, code)

    def _receive_from_child(self, child: str) -> None:
        if child not in self._children:
            return
        state, channel = self._children[child]
        try:
            for values in channel.receive_ready() if not state.is_ended else ():
                state.on_message(message_from_document_process(values))
            if state.is_ended:
                # Its exit is reported by the fork server; the end of its channel would only wake this thread.
                self._forget_channel(channel)
        except ChannelClosedError:
            self._forget_channel(channel)
        except ProtocolError as error:
            # No second try: our readers never do this, so the file has taken its process over.
            _log().warning("invalid_child_message", child=child, reason=str(error))
            state.end(Code.INVALID_CHILD_MESSAGE, f"its process sent an invalid message: {error}")
            self._forget_channel(channel)
            self._fork_server.kill(child)

    def _check_deadlines(self, now: float) -> None:
        for state in list(self._order):
            if state.check_deadlines(now, self._fork_server.use_of(state.child)):
                self._fork_server.kill(state.child)

    def _on_child_exit(self, child: str, code: int) -> None:
        entry = self._children.pop(child, None)
        if entry is None:
            return
        state, channel = entry
        self._forget_channel(channel)
        if state.on_exit(code):
            _log().warning("child_replaced", child=child, exit_code=code)
            self._start_child(state)

    def _forget_channel(self, channel: Channel | None) -> None:
        if channel is not None and channel.fileno() >= 0:
            with suppress(KeyError):
                self._selector.unregister(channel)
            channel.close()

    def _replace_fork_server(self, reason: str = "") -> None:
        """Kill the children of a dead fork server, and read the open documents again under a new one."""
        if self._closed:
            return
        if not self._fork_server_is_dead:
            _log().error("fork_server_died", reason=reason)
        # Where this raises, the next step tries again; a sandbox that fails at every step stops the worker.
        self._fork_server_is_dead = True
        self._forget_channel(self._fork_server.channel)
        self._fork_server.kill_orphans()
        self._start_fork_server()
        self._fork_server_is_dead = False
        for child in list(self._children):
            self._on_child_exit(child, -signal.SIGKILL)

    def _grant_permits(self) -> None:
        """Give free slots to the documents in turn, so that a long scan does not starve a short file."""
        # By child and not by open document: the OCR engine of a killed one runs until its process is dead.
        taken = sum(len(state.permits) for state, _ in self._children.values())
        idle_turns = 0
        while taken < self.slots and idle_turns < len(self._order):
            state = self._order[0]
            self._order.rotate(-1)
            page = state.next_permit()
            if page is None:
                idle_turns += 1
                continue
            state.give_permit(page)
            taken += 1
            idle_turns = 0


def _log() -> BoundLogger:
    # structlog imports rich and asyncio, two thirds of the time and a third of the memory of this module.
    import structlog  # noqa: PLC0415

    logger: BoundLogger = structlog.get_logger(__name__)
    return logger
