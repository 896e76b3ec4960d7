"""The courses of load: how many users, and how many workers, at each moment.

They are abstract to Locust, which would else take the first it finds, whatever -u and -t say; `--load-shape`
chooses one. Times are shares of the run time (-t), or of the shape's own where none is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from locust import LoadTestShape

_SPAWN_RATE = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Until a share of the run time: so many users, and so many workers."""

    until: float
    users: int
    workers: int


class StagedShape(LoadTestShape):
    """A shape made of stages; `resize`, where workers are ours, hears their number at every tick."""

    abstract: ClassVar[bool] = True
    use_common_options: ClassVar[bool] = True
    stages: ClassVar[tuple[Stage, ...]] = ()
    default_minutes: ClassVar[float] = 10.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.resize: Callable[[int], None] | None = None
        self.has_broken: Callable[[], bool] = lambda: False
        self.other_users = 0
        """Users that are not part of the load, such as the one of the health endpoints."""
        self.run_time_s: float | None = None

    @property
    def peak_users(self) -> int:
        """The most users of any stage."""
        return max(stage.users for stage in self.stages)

    @property
    def total_s(self) -> float:
        """How long it takes."""
        return self.run_time_s or 60 * self.default_minutes

    def stage_at(self, at_s: float) -> Stage | None:
        """The stage at a moment, None after the last."""
        return next((stage for stage in self.stages if at_s < stage.until * self.total_s), None)

    def tick(self) -> tuple[int, float] | None:
        """Users and spawn rate now; None ends the run. Locust calls it every second."""
        stage = self.stage_at(self.get_run_time())  # type: ignore[no-untyped-call]
        if stage is None:
            return None
        if self.resize is not None:
            self.resize(stage.workers)
        return stage.users + self.other_users, _SPAWN_RATE


class SteadyShape(StagedShape):
    """Ten users, one worker, all the time."""

    abstract: ClassVar[bool] = True
    stages = (Stage(1.0, 10, 1),)


class SpikeShape(StagedShape):
    """A department comes back from a meeting: ten users, suddenly fifty, then ten again."""

    abstract: ClassVar[bool] = True
    stages = (Stage(0.3, 10, 1), Stage(0.5, 50, 2), Stage(1.0, 10, 1))


class StressShape(StagedShape):
    """Ten users more every tenth of the time, up to a hundred; it ends with the first failure."""

    abstract: ClassVar[bool] = True
    stages = tuple(Stage((step + 1) / 10, 10 * (step + 1), 1) for step in range(10))

    def tick(self) -> tuple[int, float] | None:
        """As for every shape, until something fails."""
        return None if self.has_broken() else super().tick()


class OfficeDayShape(StagedShape):
    """Nine to six in a few minutes: a morning peak, lunch, an afternoon, and an evening when few work.

    A second worker is there for the two peaks, as a group that scales would have it.
    """

    abstract: ClassVar[bool] = True
    default_minutes: ClassVar[float] = 24.0
    stages = (
        Stage(0.10, 3, 1),
        Stage(0.25, 20, 2),
        Stage(0.40, 12, 1),
        Stage(0.50, 4, 1),
        Stage(0.60, 12, 1),
        Stage(0.80, 25, 2),
        Stage(0.95, 8, 1),
        Stage(1.00, 1, 1),
    )


SHAPES: dict[str, type[StagedShape]] = {
    "steady": SteadyShape,
    "spike": SpikeShape,
    "stress": StressShape,
    "office-day": OfficeDayShape,
}
