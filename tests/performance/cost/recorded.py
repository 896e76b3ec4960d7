"""The calls of simulated workers, recorded on the wire: for documents, and beside them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.resilience.world import World

# The threads that work on messages; the others renew leases, replay, and write the worker's own row.
_WORKS = re.compile(r"^(attempt-\d+|upload-\d+|receive|parked|deletes)$")
_WRITES = {"Claim": "UpdateItem", "Commit": "UpdateItem", "Checkpoint": "UpdateItem"}
_DEADLINE_S = 3_600.0

Calls = dict[str, dict[str, int]]
"""Calls by service, then by operation."""


class Recorded:
    """What was called since it was made, or since the last `take`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._begin, self._log_begin = len(world.network.calls), len(world.fleet.log)
        self._polls_with_messages = 0
        sqs: Any = world.network._sqs
        answer = sqs.answer

        def count(operation: str, body: bytes) -> Any:
            answered = answer(operation, body)
            if operation == "ReceiveMessage" and b'"Messages"' in answered[2]:
                self._polls_with_messages += bool(b'"Body"' in answered[2])
            return answered

        sqs.answer = count

    def take(self) -> Calls:
        """The calls for documents since the last time; polls without a message and renewals apart."""
        network = self._world.network
        found: Counter[tuple[str, str]] = Counter()
        for line in network.calls[self._begin :]:
            _, thread, name = line.split()[:3]
            service, operation = name.split(".")
            if operation != "ReceiveMessage" and _WORKS.match(thread.rpartition("/")[2]):
                found[service, _WRITES.get(operation, operation)] += 1
        found["sqs", "ReceiveMessage"] = self._polls_with_messages
        self._begin, self._polls_with_messages = len(network.calls), 0
        return nested(found)

    def take_logged(self) -> Calls:
        """The same as the worker's own lines say it, which do not know the calls for the message."""
        found: Counter[tuple[str, str]] = Counter()
        lines = self._world.fleet.log[self._log_begin :]
        for line in lines:
            match = re.search(r" operations=(\{.*?\}\}|\{\})", line)
            for service, operations in (ast.literal_eval(match[1]) if match else {}).items():
                for operation, number in operations.items():
                    found[service, operation] += number
        self._log_begin += len(lines)
        return nested(found)

    def run_until(self, done: Callable[[], bool]) -> None:
        """Let time pass until something is done."""
        ends = self._world.scheduler.now + _DEADLINE_S
        while not done():
            assert self._world.scheduler.now < ends, self._world.left()
            self._world.run(1.0)

    def work_off(self) -> None:
        """Let the fleet work until the queue is empty, and what it batched is flushed."""
        self.run_until(lambda: not self._world.work.messages)
        self._world.run(3.0)


def nested(counts: Counter[tuple[str, str]]) -> Calls:
    """Counts by service, then by operation, without zeros."""
    found: Calls = {}
    for (service, operation), number in sorted(counts.items()):
        if number:
            found.setdefault(service, {})[operation] = number
    return found


def sums(calls: Calls) -> dict[str, int]:
    """Calls by service."""
    return {service: sum(operations.values()) for service, operations in calls.items()}


def plus(one: Calls, other: Calls) -> Calls:
    """Two of them together."""
    return {
        service: dict(Counter(one.get(service, {})) + Counter(other.get(service, {})))
        for service in one.keys() | other.keys()
    }
