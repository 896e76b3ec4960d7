"""The policies that a scenario may compare, with their settings."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from worker.fleet.simulation.scenarios.section import (
    Count,
    NotNegative,
    Positive,
    PositiveCount,
    Section,
    Share,
)

MAX_INSTANCES = 10_000


class _Named(Section):
    name: str = ""

    @property
    def label(self) -> str:
        """The name in tables and curves: its own, else its kind."""
        return self.name or str(getattr(self, "kind", ""))


class _Scaling(_Named):
    min_capacity: Count = 1
    max_capacity: Annotated[PositiveCount, Field(le=MAX_INSTANCES)] = 10
    scale_in_protection: bool = True

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.min_capacity > self.max_capacity:
            raise PydanticCustomError(
                "bounds",
                "`min_capacity` must be at most `max_capacity` ({maximum}), is {minimum}",
                {"minimum": self.min_capacity, "maximum": self.max_capacity},
            )
        return self


class StaticSettings(_Named):
    """So many instances, day and night."""

    kind: Literal["static"]
    instances: Annotated[PositiveCount, Field(le=MAX_INSTANCES)]


class _Scaled(_Scaling):
    cooldown_s: NotNegative = 300.0
    scale_in_cooldown_s: NotNegative = 300.0


class StepSettings(_Scaled):
    """By messages, in steps: the arguments of ScalingManager."""

    kind: Literal["step"]
    scale_out_threshold: Count = 10
    scale_in_threshold: Count = 2
    messages_per_instance: PositiveCount = 10
    scale_out_increment: PositiveCount = 2
    sustained_minutes: PositiveCount = 5


class TargetTrackingSettings(_Scaling):
    """A native policy that keeps the messages of an instance (waiting and in flight) at a target."""

    kind: Literal["target_tracking"]
    backlog_per_instance: Positive


class PagesSettings(_Scaled):
    """By pages: what is left, done within the acceptable delay, within the quota of Bedrock.

    `assumed_pages` and `assumed_pages_per_minute` (of an instance) hold until documents were read.
    """

    kind: Literal["pages"]
    min_capacity: Count = 0
    acceptable_delay_s: Positive
    # As `cis-worker scale` has it for this policy: it asks for no more than it needs.
    cooldown_s: NotNegative = 60.0
    sustained_minutes: PositiveCount = 5
    tolerance: NotNegative = 0.1
    max_utilisation: Annotated[Share, Field(gt=0)] = 0.95
    deviations: NotNegative = 1.0
    assumed_pages: Positive = 5.0
    assumed_pages_per_minute: Positive = 100.0


PolicySettings = Annotated[
    StaticSettings | StepSettings | TargetTrackingSettings | PagesSettings, Field(discriminator="kind")
]
