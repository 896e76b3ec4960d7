"""Every file accounted for: the end of each object, and of each deleted one, in ledger and index."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from bench.soak.flow import Flow, Stored
from tests.resilience.real.agreement import HELD, gone, unfinished
from tests.resilience.real.world import World
from worker.aws.ledger_row import FileRow
from worker.models.ledger import State


@dataclass(kw_only=True, slots=True)
class Account:
    """What was compared, and each difference in words."""

    live: int = 0
    deleted: int = 0
    states: Counter[str] = field(default_factory=Counter)
    dead_letters: int = 0
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return f"{self.live} live and {self.deleted} deleted files, rows: {states or 'none'}"


def account(world: World, flow: Flow) -> Account:
    """Compare the bucket with ledger, index and queues."""
    found = Account(live=len(flow.live), deleted=len(flow.deleted))
    world.refresh()
    rows = {row.key: row for row in world.rows()}
    found.states.update(row.state.value for row in rows.values())
    for key, stored in flow.live.items():
        found.differences += [f"{key}: {text}" for text in _live(world, key, stored, rows.get(key))]
    for key in flow.deleted:
        found.differences += [f"{key}: {text}" for text in gone(world, key, rows.get(key), fields=HELD)]
    found.differences += [
        f"{key}: a row of no object" for key in rows.keys() - flow.live.keys() - flow.deleted.keys()
    ]
    if depth := world.depth():
        found.differences.append(f"{depth} messages are left in the queue")
    dead = sum(row.state is State.DEAD_LETTERED for row in rows.values())
    found.dead_letters = world.depth("CIS_DLQ_URL")
    if found.dead_letters > dead:
        found.differences.append(f"{found.dead_letters} dead letters, {dead} rows say so")
    return found


def _live(world: World, key: str, stored: Stored, row: FileRow | None) -> list[str]:
    """What is wrong with a file that exists."""
    if row is None:
        return ["no row"]
    wrong = unfinished(row, HELD)
    if row.state.value not in stored.kind.states:
        wrong.append(f"state {row.state} ({row.reason}: {row.reason_message})")
    sha256 = hashlib.sha256(stored.data).hexdigest()
    if row.content_hash != sha256 and row.state is not State.DEAD_LETTERED:
        wrong.append("the row has the hash of other content")
    entry = world.index.document(row.file_id)
    if entry is None:
        return [*wrong, "not in the index"]
    if (entry.content_hash, entry.state, entry.key) != (row.content_hash, row.state, key):
        wrong.append(f"the index has other content or state ({entry.state})")
    if len(entry.pages) != row.pages:
        wrong.append(f"the index has {len(entry.pages)} pages, the row {row.pages}")
    return wrong
