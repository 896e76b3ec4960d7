"""Faults by the time of day: windows in which a share of the calls of a service breaks in one way."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.resilience.faults import Call, Fault, Kind

SERVICES = ("s3", "sqs", "dynamodb", "bedrock-runtime", "index")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Until `until`, this share of the calls of a service (None: of all) meets the fault."""

    until: float
    service: str | None
    fault: Fault
    share: float = 1.0


class Weather:
    """A plan made of windows, and of faults that the next call of one kind meets."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.windows: list[Window] = []
        self.once: dict[str, Fault] = {}

    def __call__(self, call: Call) -> Fault | None:
        if (fault := self.once.pop(call.name, None)) is not None:
            return fault
        self.windows = [window for window in self.windows if window.until > call.at]
        for window in self.windows:
            if window.service not in (None, call.service) or self._random.random() >= window.share:
                continue
            if window.fault.kind is not Kind.FAIL_ENTRIES or call.operation.endswith("Batch"):
                return window.fault
        return None
