"""How long a soak is, and what must come out of it."""

from __future__ import annotations

from dataclasses import dataclass

from bench.soak.samples import Index

_DOCUMENTS_AN_HOUR = 500
_KILLS_AN_HOUR_OF_FIVE_MINUTES = 10
_MOST_OF_A_GENERATION = 0.65


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Hours of flow, and minutes of each generation; the indexes take turns, an equal time each.

    `warm_up` is how many documents of a generation are left out of the slope: caches and pools fill.
    """

    hours: float
    minutes: float = 5.0
    indexes: tuple[Index, ...] = (Index.OPENSEARCH, Index.SQLITE)
    seed: int = 1
    warm_up: int = 1_500
    is_small: bool = False
    """Without the kinds that need LibreOffice."""

    @property
    def phase_s(self) -> float:
        """Seconds of flow on one index."""
        return self.hours * 3600 / len(self.indexes)

    @property
    def generation_s(self) -> float:
        """Seconds from one kill to the next."""
        return self.minutes * 60

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
        each = int(self.phase_s / self.generation_s)
        return max(len(self.indexes), min(each * len(self.indexes), round(_most(self))))


def _most(plan: Plan) -> float:
    return _KILLS_AN_HOUR_OF_FIVE_MINUTES * plan.hours * 5 / plan.minutes
