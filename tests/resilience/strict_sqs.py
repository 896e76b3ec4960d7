"""SQS by AWS's text, where it is least convenient: what a lenient stand-in forgives is a fault here.

A delete or an extension with a stale handle succeeds and does nothing. A message is hidden for twelve hours
from its receive at most. Each receive is counted, and the one above the limit moves the message to the
dead-letter queue. The order is random; with `Habits` messages come twice, come again after their delete, and
polls without a client still take messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from tests.resilience.clock import Clock, Signal
from tests.resilience.sqs_errors import invalid, invalid_handle, no_queue
from tests.resilience.sqs_messages import MAX_VISIBILITY_S, Attributes, Message, check_message

_DAY_S = 86_400.0
_GHOST_WITHIN_S = 300.0


@dataclass(kw_only=True, slots=True)
class Habits:
    """How often SQS does what its text allows; the chances are between 0 and 1.

    `stale_is_silent` False: the extension of a message that was received again is an error, as some report.
    """

    twice: float = 0.0
    after_delete: float = 0.0
    stale_is_silent: bool = True


@dataclass(kw_only=True, slots=True, eq=False)
class Queue:
    """One standard queue."""

    url: str
    visibility_s: float = 30.0
    retention_s: float = 4 * _DAY_S
    max_receive_count: int | None = None
    dead_letters: Queue | None = None
    messages: list[Message] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    deleted: dict[str, Message] = field(default_factory=dict)
    arrived: Signal = field(default_factory=Signal)
    served_at: float = 0.0


@dataclass(kw_only=True, slots=True, eq=False)
class Poll:
    """A receive that is open at the server until `ends_at`, whether or not a client still waits for it."""

    queue: Queue
    limit: int
    visibility_s: float
    ends_at: float
    messages: list[tuple[Message, str]] | None = None


class StrictSqs:
    """The queues of one account. Nothing here waits: `poll` opens a receive, `serve` answers what it can."""

    def __init__(self, clock: Clock, random: Random, habits: Habits | None = None) -> None:
        self._clock = clock
        self._random = random
        self.habits = habits or Habits()
        self.queues: dict[str, Queue] = {}
        self._count = 0

    def create(self, url: str, *, visibility_s: float = 30.0, retention_s: float = 4 * _DAY_S) -> Queue:
        """A new, empty queue."""
        self.queues[url] = Queue(url=url, visibility_s=visibility_s, retention_s=retention_s)
        return self.queues[url]

    def queue(self, url: str) -> Queue:
        """The queue of a URL."""
        if url not in self.queues:
            raise no_queue(url)
        return self.queues[url]

    def send(self, url: str, body: str, attributes: Attributes | None = None, *, delay_s: int = 0) -> Message:
        """Put a message into a queue, hidden for `delay_s`."""
        queue = self.queue(url)
        check_message(body, attributes or {}, delay_s)
        now = self._clock.now
        message = Message(
            message_id=self._name("message"),
            body=body,
            attributes=attributes or {},
            sent_at=now,
            visible_at=now + delay_s,
        )
        self._add(queue, message)
        return message

    def poll(self, url: str, *, limit: int, wait_s: int, visibility_s: float | None = None) -> Poll:
        """Open a receive; its answer is in `messages` once `serve` has served it."""
        queue = self.queue(url)
        if not 1 <= limit <= 10:
            raise invalid("Must be between 1 and 10, if provided.", name="MaxNumberOfMessages", value=limit)
        if not 0 <= wait_s <= 20:
            raise invalid("Must be >= 0 and <= 20, if provided.", name="WaitTimeSeconds", value=wait_s)
        hidden_s = queue.visibility_s if visibility_s is None else visibility_s
        _check_visibility(hidden_s)
        poll = Poll(queue=queue, limit=limit, visibility_s=hidden_s, ends_at=self._clock.now + wait_s)
        queue.polls.append(poll)
        self.serve(queue)
        return poll

    def serve(self, queue: Queue) -> None:
        """Let the open polls take what became visible, in any order, and end those whose time is over."""
        now = self._clock.now
        # Change by change: a poll without a client took what became visible while it was open.
        while queue.polls and (change := _next_change(queue, queue.served_at)) < now:
            self._serve(queue, change)
        self._serve(queue, now)

    def next_change(self, queue: Queue) -> float:
        """When the next message becomes visible or the next poll ends; infinity when nothing is to come."""
        return _next_change(queue, self._clock.now)

    def delete(self, url: str, handle: str) -> None:
        """Delete by the handle of the last receive; any other succeeds without an effect."""
        queue = self.queue(url)
        message = self._find(queue, handle)
        if message is None or message.handle != handle:
            return
        queue.messages.remove(message)
        queue.deleted[message.message_id] = message
        if self._random.random() < self.habits.after_delete:
            # A server that missed the delete delivers the message once more.
            message.visible_at = self._clock.now + self._random.uniform(0, _GHOST_WITHIN_S)
            self._add(queue, message)

    def hide(self, url: str, handle: str, visibility_s: float) -> None:
        """Hide a message for so long from now on; without an effect once its lease is over."""
        _check_visibility(visibility_s)
        queue, now = self.queue(url), self._clock.now
        message = self._find(queue, handle)
        if message is None or (message.handle != handle and not self.habits.stale_is_silent):
            raise invalid(
                "Message does not exist or is not available for visibility timeout change.",
                name="ReceiptHandle",
                value=handle,
            )
        if message.handle != handle or message.is_visible(now):
            return
        if now - message.receives[handle] + visibility_s > MAX_VISIBILITY_S:
            raise invalid(
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
                name="VisibilityTimeout",
                value=visibility_s,
            )
        message.visible_at = now + visibility_s
        self.serve(queue)
        self._clock.notify(queue.arrived)

    def redrive(self, source: Queue, target: Queue) -> int:
        """Move all messages, as StartMessageMoveTask does: with new ids, and as if they were sent now."""
        moved, source.messages[:] = list(source.messages), []
        for message in moved:
            self.send(target.url, message.body, message.attributes)
        return len(moved)

    def _serve(self, queue: Queue, now: float) -> None:
        queue.served_at = now
        oldest = now - queue.retention_s
        queue.messages[:] = [message for message in queue.messages if message.sent_at > oldest]
        self._random.shuffle(queue.polls)
        for poll in list(queue.polls):
            taken = self._take(poll, now)
            if taken or poll.ends_at <= now:
                poll.messages = taken
                queue.polls.remove(poll)

    def _take(self, poll: Poll, now: float) -> list[tuple[Message, str]]:
        queue = poll.queue
        visible = [message for message in queue.messages if message.is_visible(now)]
        self._random.shuffle(visible)
        taken = []
        for message in visible[: self._random.randint(1, poll.limit)]:
            if queue.max_receive_count is not None and message.receive_count >= queue.max_receive_count:
                self._dead_letter(queue, message)
                continue
            handle = self._name("handle")
            message.receive_count += 1
            message.handle = handle
            message.receives[handle] = now
            if self._random.random() >= self.habits.twice:
                message.visible_at = now + poll.visibility_s
            taken.append((message, handle))
        return taken

    def _dead_letter(self, queue: Queue, message: Message) -> None:
        queue.messages.remove(message)
        if queue.dead_letters is not None:
            # With its id and its age, but as a message that was not received there.
            message.receive_count, message.handle, message.visible_at = 0, None, self._clock.now
            message.receives.clear()
            queue.dead_letters.messages.append(message)

    def _find(self, queue: Queue, handle: str) -> Message | None:
        """The message of a handle, None when it is deleted."""
        found = next((m for m in queue.messages if handle in m.receives), None)
        if found is None and not any(handle in m.receives for m in _gone(queue)):
            raise invalid_handle(handle)
        return found

    def _add(self, queue: Queue, message: Message) -> None:
        queue.messages.append(message)
        self.serve(queue)
        self._clock.notify(queue.arrived)

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count:06d}"


def _gone(queue: Queue) -> Iterable[Message]:
    moved = queue.dead_letters.messages if queue.dead_letters is not None else []
    return [*queue.deleted.values(), *moved]


def _next_change(queue: Queue, after: float) -> float:
    times = [message.visible_at for message in queue.messages if message.visible_at > after]
    return min([*times, *(poll.ends_at for poll in queue.polls)], default=float("inf"))


def _check_visibility(visibility_s: float) -> None:
    if not 0 <= visibility_s <= MAX_VISIBILITY_S:
        raise invalid(
            "Must be between 0 and 43200, if provided.", name="VisibilityTimeout", value=visibility_s
        )
