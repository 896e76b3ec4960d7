"""What a run must hold: numbers in, met or missed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EVENT_TO_SEARCHABLE = "event to searchable"
HEALTH = "health"

MAX_ERROR_SHARE = 0.05
DRAIN_FACTOR = 1.5
HEALTH_AVERAGE_S = 1.0
HEALTH_P95_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Requests:
    """The requests of one kind and name: how many, how many failed, and how long they took, in seconds."""

    kind: str
    name: str
    count: int
    failures: int
    average_s: float
    median_s: float
    p95_s: float
    max_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Drain:
    """What was open when the last user stopped, at which rate files had ended, and how long the rest took.

    Users had sent for `sending_s`. `seconds` is None when it was given up.
    """

    sending_s: float
    backlog: int
    rate_per_s: float
    limit_s: float
    seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that must hold, what was measured, and whether it does (None: only printed)."""

    what: str
    measured: str
    must: str
    is_met: bool | None


def drain_limit_s(backlog: int, rate_per_s: float, *, bound_s: float) -> float:
    """Seconds in which a backlog must be gone: one and a half times what the measured rate needs.

    Never less than `bound_s`: the last file may take as long as any other.
    """
    if rate_per_s <= 0:
        return bound_s
    return max(bound_s, DRAIN_FACTOR * backlog / rate_per_s)


def load_checks(requests: Sequence[Requests], drain: Drain, *, bound_s: float) -> list[Check]:
    """The checks of a load that the system has to carry."""
    delays = [each for each in requests if each.kind == EVENT_TO_SEARCHABLE]
    return [_errors(requests), *(_delay(each, bound_s) for each in delays), _drain(drain)]


def health_checks(requests: Sequence[Requests]) -> list[Check]:
    """The checks of the health endpoints; none where they were not asked."""
    asked = [each for each in requests if each.kind == HEALTH and each.count]
    if not asked:
        return []
    count = sum(each.count for each in asked)
    average_s = sum(each.average_s * each.count for each in asked) / count
    p95_s = max(each.p95_s for each in asked)
    share = sum(each.failures for each in asked) / count
    return [
        _below("health endpoints, average", average_s, HEALTH_AVERAGE_S),
        _below("health endpoints, p95 of the slowest", p95_s, HEALTH_P95_S),
        Check(
            what="health endpoints, errors",
            measured=f"{100 * share:.1f} % of {count}",
            must=f"< {100 * MAX_ERROR_SHARE:.0f} %",
            is_met=share < MAX_ERROR_SHARE,
        ),
    ]


def account(sent: int, ends: dict[str, int]) -> Check:
    """That every sent file is found by a search, or has another end state."""
    lost = sent - sum(ends.values())
    return Check(what="files sent and lost", measured=f"{lost} of {sent}", must="0", is_met=lost == 0)


def ends_of(ends: dict[str, int]) -> list[Check]:
    """How many files have which end, which is only printed."""
    return [
        Check(what=f"- {state}", measured=f"{count}", must="", is_met=None)
        for state, count in sorted(ends.items())
    ]


def progress(ends: dict[str, int]) -> Check:
    """That the run measured something: without a worker nothing becomes searchable."""
    return Check(
        what="files that became searchable",
        measured=f"{ends.get('indexed', 0)}",
        must=">= 1",
        is_met=ends.get("indexed", 0) > 0,
    )


def _errors(requests: Sequence[Requests]) -> Check:
    count = sum(each.count for each in requests)
    failures = sum(each.failures for each in requests)
    share = failures / count if count else 1.0
    return Check(
        what="requests that failed",
        measured=f"{100 * share:.1f} % ({failures} of {count})",
        must=f"<= {100 * MAX_ERROR_SHARE:.0f} %",
        is_met=share <= MAX_ERROR_SHARE,
    )


def _delay(requests: Requests, bound_s: float) -> Check:
    return Check(
        what=f"{EVENT_TO_SEARCHABLE}, {requests.name}, p95",
        measured=f"{requests.p95_s:.2f} s",
        must=f"<= {bound_s:g} s",
        is_met=requests.p95_s <= bound_s,
    )


def _drain(drain: Drain) -> Check:
    taken = f"in {drain.seconds:.1f} s" if drain.seconds is not None else "not in time"
    return Check(
        what=f"backlog of {drain.backlog} files, at {drain.rate_per_s:.2f}/s, gone",
        measured=taken,
        must=f"<= {drain.limit_s:.1f} s",
        is_met=drain.seconds is not None and drain.seconds <= drain.limit_s,
    )


def _below(what: str, measured_s: float, limit_s: float) -> Check:
    return Check(
        what=what,
        measured=f"{1000 * measured_s:.0f} ms",
        must=f"< {limit_s:g} s",
        is_met=measured_s < limit_s,
    )
