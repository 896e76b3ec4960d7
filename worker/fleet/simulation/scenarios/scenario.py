"""Scenario: what a simulated fleet meets, what it is made of, what it may use and what that costs."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from worker.fleet.simulation.scenarios.distribution import Distribution
from worker.fleet.simulation.scenarios.policy_settings import MAX_INSTANCES, PolicySettings
from worker.fleet.simulation.scenarios.prices import Prices, Usage
from worker.fleet.simulation.scenarios.section import (
    Count,
    NotNegative,
    Positive,
    PositiveCount,
    Section,
    Share,
)

# A page of a plan, and no more than memory holds.
MAX_DOCUMENTS = 50_000_000
DAY_S = 86_400.0


class Target(Section):
    """Of all documents `percentile` percent are to be searchable so long after their event."""

    delay_s: Positive
    percentile: Annotated[float, Field(gt=0, lt=100)] = 95.0


class Steady(Section):
    """The same rate day and night; documents come independently of each other."""

    kind: Literal["steady"]
    documents_per_hour: Positive


class OfficeDay(Section):
    """Working days: `hours` are the weights of their 24 hours, `weekend` is what a Saturday has of one."""

    kind: Literal["office_day"]
    documents_per_day: Positive
    hours: Annotated[tuple[NotNegative, ...], Field(min_length=24, max_length=24)] = (
        *(1, 1, 1, 1, 1, 1, 2, 5, 20, 40, 45, 40),
        *(18, 40, 42, 40, 38, 34, 20, 10, 5, 3, 2, 1),
    )
    weekend: Share = 0.05


class Backfill(Section):
    """The files of a filled bucket, whose events are sent at this rate."""

    kind: Literal["backfill"]
    documents: PositiveCount
    documents_per_s: Positive
    start_hour: NotNegative = 0.0


Arrivals = Annotated[Steady | OfficeDay | Backfill, Field(discriminator="kind")]


class DocumentKind(Section):
    """One kind of document: its share of all, its pages, and the CPU seconds that it takes one slot.

    `images` and `tokens_per_page` are what Bedrock embeds of it.
    """

    name: str
    share: Share
    pages: Distribution
    seconds_per_page: Distribution
    seconds_per_document: NotNegative = 0.0
    images: Count = 0
    tokens_per_page: NotNegative = 0.0


class Instances(Section):
    """The machines. Of the group the first `on_demand_base` are on demand, the others Spot.

    `interruptions_per_hour` is the rate for one Spot instance, `without_notice` the share that comes so.
    A worker keeps its protection from scale-in until it was idle for `protected_idle_s`.
    """

    vcpus: Annotated[PositiveCount, Field(le=1024)]
    boot_s: NotNegative
    boot_spread_s: NotNegative = 0.0
    on_demand_base: Count = 0
    interruptions_per_hour: NotNegative = 0.0
    without_notice: Share = 0.1
    protected_idle_s: NotNegative = 60.0


class Quotas(Section):
    """What the account allows: vCPUs that run at once, and image vectors a minute."""

    vcpus: PositiveCount | None = None
    images_per_minute: Positive | None = None


class Scenario(Section):
    """All of it. Without `duration_days` a run ends when everything is done and the fleet has shrunk."""

    title: str
    seed: Annotated[Count, Field(le=2**31)] = 1
    duration_days: Annotated[Positive, Field(le=366)] | None = None
    limit_days: Annotated[Positive, Field(le=366)] = 120.0
    target: Target
    arrivals: Annotated[tuple[Arrivals, ...], Field(min_length=1)]
    documents: Annotated[tuple[DocumentKind, ...], Field(min_length=1, max_length=100)]
    instances: Instances
    quotas: Quotas = Quotas()
    prices: Prices
    usage: Usage = Usage()
    policies: Annotated[tuple[PolicySettings, ...], Field(min_length=1, max_length=12)]
    chosen: str
    max_static_instances: Annotated[PositiveCount, Field(le=MAX_INSTANCES)] = 400

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        shares = sum(kind.share for kind in self.documents)
        if abs(shares - 1) > 0.001:
            raise PydanticCustomError(
                "shares", "`documents`: the shares must add up to 1, not {sum}", {"sum": round(shares, 4)}
            )
        names = [policy.label for policy in self.policies]
        for name, times in Counter(names).items():
            if times > 1:
                raise PydanticCustomError(
                    "policy",
                    "`policies`: `{name}` is there twice; give each a `name` of its own",
                    {"name": name},
                )
        if self.chosen not in names:
            raise PydanticCustomError(
                "policy",
                "`chosen`: no such policy `{name}`; allowed: {names}",
                {"name": self.chosen, "names": ", ".join(names)},
            )
        if self.duration_days is None and any(not isinstance(each, Backfill) for each in self.arrivals):
            raise PydanticCustomError(
                "duration", "`duration_days` is missing: `steady` and `office_day` have no end of their own"
            )
        if self.expected_documents > MAX_DOCUMENTS:
            raise PydanticCustomError(
                "size",
                "`arrivals`: about {count} documents; at most {limit} are simulated",
                {"count": f"{self.expected_documents:,.0f}", "limit": f"{MAX_DOCUMENTS:,}"},
            )
        return self

    @property
    def expected_documents(self) -> float:
        """How many documents the arrivals bring, about."""
        days = self.duration_days or 0.0
        total = 0.0
        for each in self.arrivals:
            match each:
                case Steady():
                    total += each.documents_per_hour * 24 * days
                case OfficeDay():
                    total += each.documents_per_day * days
                case Backfill():
                    total += each.documents
        return total
