"""ScalingState: what scaling knows of its earlier runs: the last actions, the samples of the last minutes.

Runs by a timer are processes of their own, and two loops may scale one group, so it lies in the ledger's
table; without a table it lasts as long as the process.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from worker.aws.other_rows.scaling_row import Revision
from worker.fleet.decision import Action

_KEPT_MINUTES = 30
# A timer that runs every five minutes gives a history, too; a longer gap may hide anything.
_LONGEST_GAP_MINUTES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One minute: the backlog, what the work policy would hold, and what the fleet did (None: not known)."""

    minute: int
    backlog: int
    hold: int = 0
    pages_per_minute: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PageCounts:
    """Documents finished in an hour, their pages, and the sum of the squares of these."""

    documents: int = 0
    pages: int = 0
    squares: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingState:
    """Times are seconds since 1970. `instance_rate` is pages a minute, `counts` of the last hour with any."""

    scaled_out_at: float | None = None
    scaled_in_at: float | None = None
    samples: tuple[Sample, ...] = ()
    instance_rate: float | None = None
    counts: PageCounts = PageCounts()

    def remember(self, sample: Sample) -> ScalingState:
        """With this sample; of two in one minute the one with the larger backlog."""
        others = [each for each in self.samples if each.minute != sample.minute]
        same = [each for each in self.samples if each.minute == sample.minute]
        kept = max([*same, sample], key=lambda each: (each.backlog, each.hold))
        first = sample.minute - _KEPT_MINUTES
        samples = sorted([*others, kept], key=lambda each: each.minute)
        # What lies in the future was written by a clock that was wrong.
        return replace(self, samples=tuple(s for s in samples if first < s.minute <= sample.minute))

    def history(self, minute: int) -> list[Sample]:
        """The samples up to this minute, one for each, the newest last; it begins after the last long gap.

        A minute without a sample gets the larger one of those around it.
        """
        known = [each for each in self.samples if each.minute <= minute]
        found: list[Sample] = []
        for each in reversed(known):
            if not found:
                if minute - each.minute > _LONGEST_GAP_MINUTES:
                    return []
                found.append(each)
                continue
            gap = found[-1].minute - each.minute
            if gap > _LONGEST_GAP_MINUTES:
                break
            larger = max(found[-1], each, key=lambda s: (s.backlog, s.hold))
            found += [replace(larger, minute=found[-1].minute - 1) for _ in range(gap - 1)]
            found.append(each)
        return found[::-1]

    def after(self, action: Action, at: float) -> ScalingState:
        """With this action as the last of its kind."""
        if action is Action.SCALE_OUT:
            return replace(self, scaled_out_at=at)
        return replace(self, scaled_in_at=at)

    def cooldown_left_s(self, action: Action, cooldown_s: float, *, now: float) -> float:
        """How long this action must wait: out for the last scale-out, in for the last of both.

        A backlog need not wait for the cooldown of a scale-in.
        """
        times = [self.scaled_out_at] + ([self.scaled_in_at] if action is Action.SCALE_IN else [])
        return max(_left_s(at, cooldown_s, now) for at in times)

    def to_json(self) -> str:
        """The state as compact JSON."""
        values = asdict(self)
        values["samples"] = [[s.minute, s.backlog, s.hold, s.pages_per_minute] for s in self.samples]
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ScalingState:
        """The inverse of `to_json`; an empty text is a new state.

        So is one that another version wrote or somebody edited: a row must not hold the fleet for ever.
        """
        try:
            values = json.loads(text or "{}")
            return cls(
                scaled_out_at=values.get("scaled_out_at"),
                scaled_in_at=values.get("scaled_in_at"),
                samples=_samples(values.get("samples", [])),
                instance_rate=values.get("instance_rate"),
                counts=PageCounts(**values.get("counts", {})),
            )
        except (ValueError, TypeError, AttributeError):
            return cls()


class MemoryRow:
    """A row that lasts as long as the process, where there is no table."""

    def __init__(self) -> None:
        self._revision = Revision()

    def read(self) -> Revision:
        """The row as it is now."""
        return self._revision

    def write(self, content: str, *, seen: Revision, note: str = "") -> Revision | None:  # noqa: ARG002
        """Replace what was seen; None when it was replaced already."""
        if seen.number != self._revision.number:
            return None
        self._revision = Revision(number=seen.number + 1, content=content)
        return self._revision


def _samples(values: Sequence[Sequence[float | None]]) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            minute=int(minute or 0), backlog=int(backlog or 0), hold=int(hold or 0), pages_per_minute=pages
        )
        for minute, backlog, hold, pages in values
    )


def _left_s(at: float | None, cooldown_s: float, now: float) -> float:
    # A time from beyond the cooldown ahead is that of a clock that was wrong; it must not hold the fleet.
    if at is None or at - now > cooldown_s:
        return 0.0
    return max(0.0, min(cooldown_s, at + cooldown_s - now))
