"""The courses of load as shapes of Locust.

They are abstract to Locust, which would else take the first it finds, whatever -u and -t say; `--load-shape`
chooses one. A run time (-t) stretches or shortens it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from locust import LoadTestShape

from tests.performance.load.courses import OFFICE_DAY, SPIKE, STEADY, STRESS, Course

_SPAWN_RATE = 10.0


class CourseShape(LoadTestShape):
    """A shape that follows a course; `resize`, where workers are ours, hears their number at every tick."""

    abstract: ClassVar[bool] = True
    use_common_options: ClassVar[bool] = True
    course: ClassVar[Course] = STEADY

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.resize: Callable[[int], None] | None = None
        self.has_broken: Callable[[], bool] = lambda: False
        self.other_users = 0
        """Users that are not part of the load, such as the one of the health endpoints."""
        self.run_time_s: float | None = None

    def tick(self) -> tuple[int, float] | None:
        """Users and spawn rate now; None ends the run. Locust calls it every second."""
        if self.course.ends_at_failure and self.has_broken():
            return None
        at_s = self.get_run_time()  # type: ignore[no-untyped-call]
        stage = self.course.stage_at(at_s, run_time_s=self.run_time_s)
        if stage is None:
            return None
        if self.resize is not None:
            self.resize(stage.workers)
        return stage.users + self.other_users, _SPAWN_RATE


class SteadyShape(CourseShape):
    """Ten users, all the time."""

    abstract: ClassVar[bool] = True
    course = STEADY


class SpikeShape(CourseShape):
    """Ten users, suddenly fifty, then ten again."""

    abstract: ClassVar[bool] = True
    course = SPIKE


class StressShape(CourseShape):
    """Ten users more every tenth of the time, up to a hundred; it ends with the first failure."""

    abstract: ClassVar[bool] = True
    course = STRESS


class OfficeDayShape(CourseShape):
    """A day of an office in some minutes."""

    abstract: ClassVar[bool] = True
    course = OFFICE_DAY


SHAPES: dict[str, type[CourseShape]] = {
    "steady": SteadyShape,
    "spike": SpikeShape,
    "stress": StressShape,
    "office-day": OfficeDayShape,
}
