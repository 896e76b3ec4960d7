"""WorkPlan: the work policy with what it assumes, and how what the fleet reports replaces the assumptions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from worker.aws.queue_manager import QueueDepth
from worker.errors import MisconfiguredError
from worker.fleet.decision import PageEstimate, WorkLoad, WorkPolicy
from worker.fleet.fleet_work import FleetWork
from worker.fleet.scaling_state import PageCounts, ScalingState

# One report changes the rate by a fifth: it is part of the quota's cap, which must not flap.
_WEIGHT_OF_A_REPORT = 0.2
_FURTHEST = 4.0
_THROUGHPUT_MINUTES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkPlan:
    """`pages` and `instance_pages_per_minute` are assumed until the workers report their own.

    Each document causes `calls_per_document` embedding calls and each page `calls_per_page`;
    `quota_calls_per_minute` is what Bedrock allows of them (None: not limited).
    """

    policy: WorkPolicy = field(default_factory=WorkPolicy)
    pages: PageEstimate = field(default_factory=lambda: PageEstimate(mean=8.0, deviation=12.0))
    instance_pages_per_minute: float = 50.0
    calls_per_document: float = 1.0
    calls_per_page: float = 0.0
    quota_calls_per_minute: float | None = None

    def __post_init__(self) -> None:
        """Raise MisconfiguredError where nothing could ever be computed."""
        if not (self.instance_pages_per_minute > 0 and self.pages.mean > 0):
            raise MisconfiguredError("Pages a minute and pages a document must be more than 0.")
        if not self.policy.acceptable_delay_s > 0:
            raise MisconfiguredError("The acceptable delay must be more than 0 seconds.")

    def learn(self, state: ScalingState, work: FleetWork | None) -> ScalingState:
        """The state with what the workers report."""
        if work is None:
            return state
        if work.counts.documents > 0:
            state = replace(state, counts=work.counts)
        if work.instance_rate is None:
            return state
        # A rate that is far off is a fault of its measurement, and would start a hundred instances.
        near = self.instance_pages_per_minute
        reported = min(max(work.instance_rate, near / _FURTHEST), near * _FURTHEST)
        before = state.instance_rate or near
        return replace(state, instance_rate=round(before + _WEIGHT_OF_A_REPORT * (reported - before), 1))

    def load(
        self, depth: QueueDepth, state: ScalingState, work: FleetWork | None, *, minute: int
    ) -> WorkLoad:
        """What there is to do, and how fast it is done."""
        counts: PageCounts = state.counts
        return WorkLoad(
            waiting=depth.visible + depth.delayed,
            in_flight=depth.in_flight,
            pages=self.pages.refine(counts.documents, counts.pages, squares=counts.squares),
            instance_pages_per_minute=state.instance_rate or self.instance_pages_per_minute,
            fleet_pages_per_minute=_throughput(state, work, minute),
        )

    def policy_for(self, load: WorkLoad) -> WorkPolicy:
        """The policy, with the quota as pages of documents like these."""
        if self.quota_calls_per_minute is None:
            return self.policy
        calls_per_page = self.calls_per_page + self.calls_per_document / load.pages.mean
        if calls_per_page <= 0:
            return self.policy
        return replace(self.policy, quota_pages_per_minute=self.quota_calls_per_minute / calls_per_page)


def _throughput(state: ScalingState, work: FleetWork | None, minute: int) -> float | None:
    """The mean of the last ten minutes: at any moment some worker is between two documents."""
    if work is None:
        return None
    first = minute - _THROUGHPUT_MINUTES
    reports = [
        sample.pages_per_minute
        for sample in state.samples
        if first < sample.minute < minute and sample.pages_per_minute is not None
    ]
    reports.append(work.pages_per_minute)
    return sum(reports) / len(reports)
