"""The flow: files are put, overwritten, copied and deleted, as fast as the worker takes them."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bench.soak.kinds import Kind, Price
from worker.embedded.resource_names import SOURCE_BUCKET

_BATCH = 10
# Enough that the worker never waits, few enough that a kill leaves little to be redelivered.
_OUTSTANDING = 40
# So many names of each kind: content and ledger stay as large as they are after the first minutes.
_KEYS_A_KIND = 24
_KEPT_CONTENTS = 6
_DELETES, _UNCHANGED, _COPIES = 0.08, 0.02, 0.2
# Seconds between two new contents of that price; what is due in between is a copy.
_PACE_S = {Price.CHEAP: 0.0, Price.OCR: 0.35, Price.LIBREOFFICE: 6.0}
# A schedule that is ahead of the clock by this share leaves time for what is overwritten before it is read.
_AHEAD = 1.2


@dataclass(kw_only=True, slots=True)
class Queue:
    """The work queue as the flow uses it."""

    sqs: Any
    url: str

    def outstanding(self) -> int:
        """Messages that are not deleted."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def send(self, bodies: Sequence[Mapping[str, object]]) -> None:
        """Send messages, ten at a time."""
        for start in range(0, len(bodies), _BATCH):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps(body, ensure_ascii=False)}
                for number, body in enumerate(bodies[start : start + _BATCH])
            ]
            answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                raise RuntimeError(f"the queue refused messages: {answer['Failed']}")


@dataclass(kw_only=True, slots=True)
class Stored:
    """An object that exists: its kind and its content."""

    kind: Kind
    data: bytes


@dataclass
class Flow:
    """What was done to the bucket, and the state that ledger and index must reach.

    `target` is how many documents of each kind are wanted, `done` how many the worker has finished.
    """

    s3: Any
    queue: Queue
    kinds: Sequence[Kind]
    target: int
    random: Random
    done: Counter[str]
    started_at: float = 0.0
    """The share of the target that earlier flows have finished."""
    live: dict[str, Stored] = field(default_factory=dict)
    deleted: dict[str, Kind] = field(default_factory=dict)
    operations: Counter[str] = field(default_factory=Counter)
    _number: int = 0
    _announced: Counter[str] = field(default_factory=Counter)
    _contents: dict[str, deque[bytes]] = field(default_factory=dict)
    _next_new_at: dict[Price, float] = field(default_factory=dict)

    def step(self, now: float, progress: float) -> None:
        """Fill the queue up; `progress` is the share of the time that has passed, 1 when it is over."""
        missing = _OUTSTANDING - self.queue.outstanding()
        if missing < _BATCH:
            return
        keys = [self._change(self._next_kind(progress), now) for _ in range(missing)]
        self.queue.send([self._body(*change) for change in keys])

    def start_from(self, done: Mapping[str, int]) -> None:
        """Count what an earlier flow has announced and finished towards the target."""
        self._announced.update(done)

    @property
    def is_complete(self) -> bool:
        """Whether the worker has finished what is wanted of each kind."""
        return all(self.done[kind.name] >= self.target for kind in self.kinds)

    def _next_kind(self, progress: float) -> Kind:
        """The kind that is most behind its schedule, else a cheap one."""
        counts = self.done if progress >= 1 else self._announced
        behind = min(self.kinds, key=lambda kind: (counts[kind.name], self._announced[kind.name]))
        if counts[behind.name] < self.target * self._due(progress):
            return behind
        return self.random.choice([kind for kind in self.kinds if kind.price is Price.CHEAP])

    def _due(self, progress: float) -> float:
        """The share of the target that should be announced (finished, once the time is over) by now."""
        return 1.0 if progress >= 1 else self.started_at + (1 - self.started_at) * progress * _AHEAD

    def _change(self, kind: Kind, now: float) -> tuple[str, str]:
        """Do something to a file of a kind; the event and the key to announce."""
        self._announced[kind.name] += 1
        number = self.random.randrange(_KEYS_A_KIND)
        # A space, a plus and Japanese: keys as they come from a file server.
        key = f"{kind.name}/文書 {number:03d}+" + (f".{kind.suffix}" if kind.suffix else "")
        chance = self.random.random()
        stored = self.live.get(key)
        if stored is not None and chance < _DELETES:
            return self._delete(key, stored)
        if stored is not None and chance < _DELETES + _UNCHANGED:
            self.operations["unchanged"] += 1
            return "FILE_UPLOADED", key
        self._put(key, kind, self._content(kind, stored, now))
        return "FILE_UPLOADED", key

    def _put(self, key: str, kind: Kind, data: bytes) -> None:
        self.operations["overwrite" if key in self.live else "new"] += 1
        self.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=data)
        self.live[key] = Stored(kind=kind, data=data)
        self.deleted.pop(key, None)

    def _delete(self, key: str, stored: Stored) -> tuple[str, str]:
        self.operations["delete"] += 1
        self.s3.delete_object(Bucket=SOURCE_BUCKET, Key=key)
        del self.live[key]
        self.deleted[key] = stored.kind
        return "FILE_DELETED", key

    def _content(self, kind: Kind, stored: Stored | None, now: float) -> bytes:
        """A new content, or a copy of one that another file has or had."""
        contents = self._contents.setdefault(kind.name, deque(maxlen=_KEPT_CONTENTS))
        others = [data for data in contents if stored is None or data != stored.data]
        is_early = now < self._next_new_at.get(kind.price, 0.0)
        if others and (is_early or self.random.random() < _COPIES):
            self.operations["copy"] += 1
            return self.random.choice(others)
        self._next_new_at[kind.price] = now + _PACE_S[kind.price]
        self._number += 1
        contents.append(kind.make(self._number))
        return contents[-1]

    def _body(self, event: str, key: str) -> dict[str, object]:
        stored = self.live.get(key)
        return {
            "eventType": event,
            "s3Bucket": SOURCE_BUCKET,
            "s3Key": key,
            "fileSize": len(stored.data) if stored else 0,
            "uploadedAt": "2026-04-01T09:30:00Z",
        }
