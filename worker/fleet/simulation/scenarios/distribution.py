"""Distribution: how a number varies from document to document."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from worker.fleet.simulation.scenarios.section import NotNegative, Positive, Section

Floats = npt.NDArray[np.float64]

# The standard normal deviate that 95 % are below.
_Z95 = 1.6448536269514722


class Distribution(Section):
    """A fixed number; `median` and `p95` of a lognormal, cut at `max`; or `values` with their shares."""

    value: NotNegative | None = None
    median: Positive | None = None
    p95: Positive | None = None
    max: Positive | None = None
    values: dict[NotNegative, Positive] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_number(cls, value: Any) -> Any:
        is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
        return {"value": value} if is_number else value

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        given = self.model_fields_set
        if given not in ({"value"}, {"values"}, {"median", "p95"}, {"median", "p95", "max"}):
            raise PydanticCustomError(
                "distribution",
                "must be a number, or `median` and `p95` (and `max`), or `values` with their shares",
            )
        if self.median is not None and self.p95 is not None and self.p95 < self.median:
            raise PydanticCustomError(
                "distribution",
                "`p95` must be at least `median` ({median}), is {p95}",
                {"median": self.median, "p95": self.p95},
            )
        if self.values is not None and not self.values:
            raise PydanticCustomError("distribution", "`values` must have at least one value")
        return self

    def sample(self, random: np.random.RandomState, size: int) -> Floats:
        """So many values; the same ones for the same state of `random`."""
        if self.value is not None:
            return np.full(size, self.value)
        if self.values is not None:
            shares = np.array(list(self.values.values()))
            return random.choice(np.array(list(self.values)), size=size, p=shares / shares.sum())
        median, p95 = self.median or 1.0, self.p95 or 1.0
        drawn = np.exp(math.log(median) + math.log(p95 / median) / _Z95 * random.standard_normal(size))
        return drawn if self.max is None else np.minimum(drawn, self.max)
