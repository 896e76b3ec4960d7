"""The one comparison: do ledger, index, queues and bucket agree, exactly?"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.resilience.real.corpus import Document
from tests.resilience.real.world import World
from worker.aws.ledger_row import FileRow
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.models.file import file_id
from worker.models.ledger import State

HELD = ("owner", "checkpoint", "pending")
"""What a row has while its file is in work."""
FINISHED = (*HELD, "crash_strikes", "failures")
"""The same with what its next success clears."""


@dataclass(kw_only=True, slots=True)
class Agreement:
    """What was compared, and each difference in words."""

    live: int = 0
    deleted: int = 0
    searches: int = 0
    states: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        compared = f"{self.live} live and {self.deleted} deleted objects, rows: {states or 'none'}"
        verdict = f"{len(self.differences)} DIFFERENCES" if self.differences else "exact"
        return (
            f"agreement of ledger, index, queues and bucket: {verdict} ({compared}, {self.searches} searches)"
        )


def compare(world: World) -> Agreement:
    """Compare every object that ever was with its row and its index entry."""
    found = Agreement(live=len(world.live), deleted=len(world.deleted))
    world.refresh()
    rows = {row.key: row for row in world.rows()}
    found.states.update(row.state.value for row in rows.values())
    found.differences += _bucket_differences(world)
    for key, document in world.live.items():
        found.differences += [f"{key}: {text}" for text in _live(world, document, rows.get(key))]
    for key in world.deleted:
        found.differences += [f"{key}: {text}" for text in gone(world, key, rows.get(key))]
    found.differences += [f"{key}: a row of no object" for key in rows.keys() - world.live - world.deleted]
    found.differences += _search_differences(world, found)
    for variable in ("CIS_QUEUE_URL", "CIS_DLQ_URL"):
        if depth := world.depth(variable):
            found.differences.append(f"{variable}: {depth} messages left")
    if codes := world.dead_letters():
        found.differences.append(f"dead-lettered: {dict(codes)}")
    return found


def _bucket_differences(world: World) -> list[str]:
    pages = world.s3.get_paginator("list_objects_v2").paginate(Bucket=SOURCE_BUCKET)
    keys = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    return [f"{key}: not in the bucket as the test has it" for key in keys ^ world.live.keys()]


def _live(world: World, document: Document, row: FileRow | None) -> list[str]:
    """What is wrong with a file that exists."""
    if row is None:
        return ["no row"]
    head = world.storage.head(SOURCE_BUCKET, document.key)
    wrong = unfinished(row)
    # They are all healthy: another end state would be the fault of the worker or of the machine.
    if row.state is not State.INDEXED:
        wrong.append(f"state {row.state} ({row.reason}: {row.reason_message})")
    if row.version != head.version:
        wrong.append(f"version {row.version}, the object has {head.version}")
    sha256 = hashlib.sha256(document.data).hexdigest()
    if row.content_hash != sha256:
        wrong.append("the row has the hash of other content")
    entry = world.index.document(row.file_id)
    if entry is None:
        return [*wrong, "not in the index"]
    if (entry.content_hash, entry.state, entry.key) != (sha256, row.state, document.key):
        wrong.append(f"the index has other content or state ({entry.state})")
    text = "\n".join(page.text for page in entry.pages)
    if len(entry.pages) != row.pages or not (document.is_scanned or document.word in text):
        wrong.append(f"the index has other text: {text[:80]!r}")
    return wrong


def gone(world: World, key: str, row: FileRow | None, *, fields: Sequence[str] = FINISHED) -> list[str]:
    """What is wrong with a file that was deleted."""
    if row is None:
        return ["deleted, without a row"]
    wrong = unfinished(row, fields)
    if row.state is not State.TOMBSTONED:
        wrong.append(f"deleted, but {row.state}")
    if world.index.document(file_id(SOURCE_BUCKET, key)) is not None:
        wrong.append("deleted, but in the index")
    return wrong


def unfinished(row: FileRow, fields: Sequence[str] = FINISHED) -> list[str]:
    """Those of these fields that a row whose work is done must not have."""
    return [f"its row still has {name} {value}" for name in fields if (value := getattr(row, name))]


def _search_differences(world: World, found: Agreement) -> list[str]:
    """A search finds each live document by its word, no old revision and nothing that was deleted."""
    wrong = []
    words = {document.word: document for document in world.live.values() if not document.is_scanned}
    for word, document in words.items():
        hits = [hit.file_id for hit in world.index.search(f'"{word}"').hits]
        if hits != [file_id(SOURCE_BUCKET, document.key)]:
            wrong.append(f"{document.key}: a search for {word} finds {len(hits)} files")
    old = world.old_words - {document.word for document in world.live.values()}
    for word in old:
        if total := world.index.search(f'"{word}"').total:
            wrong.append(f"a search for {word}, overwritten or deleted, finds {total} files")
    total = world.index.search("share").total
    if total != len(world.live):
        wrong.append(f"a search for their folder finds {total} files of {len(world.live)}")
    found.searches = len(words) + len(old) + 1
    return wrong
