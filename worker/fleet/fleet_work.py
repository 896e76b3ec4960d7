"""FleetWork: what the registered workers do, and did in the last hour, as scaling needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from worker.aws.other_rows.worker_rows import WorkerRow
from worker.fleet.registry import is_silent
from worker.fleet.scaling_state import PageCounts


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetWork:
    """The workers of one table.

    `pages_per_minute` is what all of them do now. `instance_rate` is that of an instance with enough in hand
    for all its cores (None: no instance has). `busy_instances` have documents in hand.
    """

    workers: int
    counts: PageCounts
    pages_per_minute: float
    instance_rate: float | None
    busy_instances: frozenset[str]


def summarise(
    rows: Iterable[WorkerRow],
    *,
    group: str,
    members: frozenset[str],
    slots_per_instance: int,
    now: float,
) -> FleetWork:
    """Sum up the workers; rates of instances are those of the group, and of workers outside of any group.

    `members` are the group's instances: their workers may register under a label instead.
    """
    known = [*rows]
    # What a worker finished in the last hour counts although it is silent now.
    counts = PageCounts(
        documents=sum(row.documents_last_hour for row in known),
        pages=sum(row.pages_last_hour for row in known),
        squares=sum(row.pages_squared_last_hour for row in known),
    )
    alive = [row for row in known if not is_silent(row, now=now)]
    busy = [row for row in alive if row.documents > 0]
    instances: dict[str, list[WorkerRow]] = defaultdict(list)
    for row in busy:
        if row.group in (group, "") or row.instance in members:
            instances[row.instance or row.worker].append(row)
    # An instance with one document reads on one core: its rate says nothing of what it could do.
    full = [
        sum(row.pages_per_minute for row in rows_of_one)
        for rows_of_one in instances.values()
        if sum(row.documents for row in rows_of_one) > slots_per_instance
    ]
    rates = [rate for rate in full if rate > 0]
    return FleetWork(
        workers=len(alive),
        counts=counts,
        pages_per_minute=sum(row.pages_per_minute for row in busy),
        instance_rate=sum(rates) / len(rates) if rates else None,
        busy_instances=frozenset(row.instance for row in busy if row.instance),
    )
