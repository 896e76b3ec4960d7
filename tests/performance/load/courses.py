"""The courses of load: how many users, and how many workers, at each share of the run time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """Until a share of the run time: so many users, and so many workers."""

    until: float
    users: int
    workers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """Stages in their order; `minutes` is how long they take unless a run says otherwise.

    With `ends_at_failure` nothing comes after the first failure.
    """

    stages: tuple[Stage, ...]
    minutes: float
    ends_at_failure: bool = False

    @property
    def peak_users(self) -> int:
        """The most users of any stage."""
        return max(stage.users for stage in self.stages)

    def stage_at(self, at_s: float, *, run_time_s: float | None = None) -> Stage | None:
        """The stage at a moment of the run, None after the last."""
        share = at_s / (run_time_s or 60 * self.minutes)
        return next((stage for stage in self.stages if share < stage.until), None)


STEADY = Course(stages=(Stage(1.0, 10, 1),), minutes=10)

# A department comes back from a meeting.
SPIKE = Course(stages=(Stage(0.3, 10, 1), Stage(0.5, 50, 2), Stage(1.0, 10, 1)), minutes=5)

STRESS = Course(
    stages=tuple(Stage(step / 10, 10 * step, 1) for step in range(1, 11)), minutes=10, ends_at_failure=True
)

# Nine to six: a morning peak, lunch, an afternoon peak, an evening when few work. A second worker is there
# for the peaks, as a group that scales would have it.
OFFICE_DAY = Course(
    stages=(
        Stage(0.10, 3, 1),
        Stage(0.25, 20, 2),
        Stage(0.40, 12, 1),
        Stage(0.50, 4, 1),
        Stage(0.60, 12, 1),
        Stage(0.80, 25, 2),
        Stage(0.95, 8, 1),
        Stage(1.00, 1, 1),
    ),
    minutes=24,
)
