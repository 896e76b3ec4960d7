"""Workload: every document of a scenario, when it comes and what there is to do with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from worker.errors import MisconfiguredError
from worker.fleet.simulation.scenarios.distribution import Floats
from worker.fleet.simulation.scenarios.scenario import Arrivals, Backfill, OfficeDay, Scenario, Steady

_HOUR_S = 3600.0
_DAY_S = timedelta(days=1).total_seconds()
_WEEK = 7
_SATURDAY = 5
# A document is read by several slots at once where that is worth it.
_SHARD_S = 2.0
_MAX_PAGES = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Workload:
    """Arrays with one element a document, in the order of arrival. `kinds` are places in the scenario's list.

    `work_s` is the time of one slot for all of the document, `shards` by how many slots it is read at most.
    """

    arrivals_s: Floats
    pages: npt.NDArray[np.int32]
    work_s: Floats
    kinds: npt.NDArray[np.int8]
    shards: npt.NDArray[np.int8]
    work_until_s: Floats
    """The work of the document and of all before it."""

    def __len__(self) -> int:
        return len(self.arrivals_s)


def make_workload(scenario: Scenario) -> Workload:
    """The documents of a scenario: the same ones for the same seed. Raises MisconfiguredError without any."""
    # Unlike numpy's newer generators this one gives the same numbers in every version.
    random = np.random.RandomState(scenario.seed)
    days = scenario.duration_days or 0.0
    arrivals = np.concatenate([_arrivals(each, days, random) for each in scenario.arrivals])
    arrivals.sort(kind="stable")
    size = len(arrivals)
    if not size:
        raise MisconfiguredError(
            f"`arrivals`: no document comes in {days:g} days; allowed is any rate that brings one in "
            "`duration_days` (with this `seed`)"
        )
    kinds = np.searchsorted(
        np.cumsum([kind.share for kind in scenario.documents])[:-1], random.random_sample(size), side="right"
    ).astype(np.int8)
    pages = np.ones(size, np.int32)
    work = np.zeros(size)
    for number, kind in enumerate(scenario.documents):
        (places,) = np.nonzero(kinds == number)
        drawn = np.clip(np.rint(kind.pages.sample(random, len(places))), 1, _MAX_PAGES)
        pages[places] = drawn
        seconds = kind.seconds_per_page.sample(random, len(places))
        work[places] = kind.seconds_per_document + drawn * seconds
    most = np.minimum(pages, min(scenario.instances.vcpus, np.iinfo(np.int8).max))
    shards = np.clip(np.ceil(work / _SHARD_S), 1, most).astype(np.int8)
    return Workload(
        arrivals_s=arrivals,
        pages=pages,
        work_s=work,
        kinds=kinds,
        shards=shards,
        work_until_s=np.cumsum(work),
    )


def _arrivals(source: Arrivals, days: float, random: np.random.RandomState) -> Floats:
    match source:
        case Steady():
            return _poisson(np.full(math.ceil(days * 24), source.documents_per_hour), days, random)
        case OfficeDay():
            return _poisson(_office_rates(source, days), days, random)
        case Backfill():
            return source.start_hour * _HOUR_S + np.arange(source.documents) / source.documents_per_s


def _office_rates(source: OfficeDay, days: float) -> Floats:
    """Documents in each hour, from midnight of a Monday on."""
    weights = np.array(source.hours)
    working = source.documents_per_day * weights / max(weights.sum(), 1e-9)
    week = [working * (source.weekend if day >= _SATURDAY else 1.0) for day in range(_WEEK)]
    hours = math.ceil(days * 24)
    return np.tile(np.concatenate(week), math.ceil(hours / (24 * _WEEK)))[:hours]


def _poisson(rates: Floats, days: float, random: np.random.RandomState) -> Floats:
    """Independent arrivals at these rates an hour; those after the end are left out."""
    counts = random.poisson(rates)
    starts = np.repeat(np.arange(len(rates)) * _HOUR_S, counts)
    times = starts + random.random_sample(len(starts)) * _HOUR_S
    return times[times < days * _DAY_S]
