"""How long a soak is, and what must come out of it."""

from __future__ import annotations

from dataclasses import dataclass

from bench.soak.samples import Index

_DOCUMENTS_AN_HOUR = 500
_KILLED_SHARE = 0.5
"""Of a phase, in which the worker is killed again and again; the rest is one generation."""
_MOST_OF_A_GENERATION = 0.65
_LONG = 1.5
"""A generation of so many times its warm-up shows what grows after it."""
_KILLS_SHARE = 5 / 6
"""Of the kills that there is time for: a generation that has finished too little lasts longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Hours of flow, and minutes from kill to kill; the indexes take turns, an equal time each.

    In the first half of a phase there is a kill every few minutes; its last generation has the other half, so
    that it goes on long after it is warm. `warm_up` is how many documents of a generation are left out of the
    slope: caches and pools fill.
    """

    hours: float
    minutes: float = 3.0
    indexes: tuple[Index, ...] = (Index.OPENSEARCH, Index.SQLITE)
    seed: int = 1
    warm_up: int = 3_000
    is_small: bool = False
    """Without the kinds that need LibreOffice."""

    @property
    def phase_s(self) -> float:
        """Seconds of flow on one index."""
        return self.hours * 3600 / len(self.indexes)

    def generation_s(self, passed_s: float) -> float:
        """Seconds until the kill of a generation that begins so many seconds after its phase.

        A phase that is over goes on until it has finished enough of each kind.
        """
        if passed_s >= _KILLED_SHARE * self.phase_s:
            return max(self.minutes * 60, self.phase_s - passed_s)
        return self.minutes * 60

    def is_long(self, documents: int) -> bool:
        """Whether a generation of so many documents went on long after its warm-up."""
        return documents >= _LONG * self.warm_up

    def cold(self, documents: int) -> float:
        """How many of a generation's documents are its warm-up: of a short one a share."""
        return min(self.warm_up, _MOST_OF_A_GENERATION * documents)

    @property
    def documents_a_kind(self) -> int:
        """How many of each kind must be finished in all."""
        return round(_DOCUMENTS_AN_HOUR * self.hours)

    @property
    def kills(self) -> int:
        """How many kills there must be."""
        each = int(_KILLED_SHARE * self.phase_s / (self.minutes * 60)) + 1
        return max(len(self.indexes), int(_KILLS_SHARE * each * len(self.indexes)))
