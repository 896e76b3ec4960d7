"""What must hold when a drained world is compared: bucket, ledger, index, queues, and the work done."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tests.resilience.event_bodies import BUCKET
from tests.resilience.scripted_reader import page_of
from tests.resilience.sqs_messages import Message
from tests.resilience.wire import TABLE
from tests.resilience.world import World
from worker import events
from worker.aws.file_table import FileTable
from worker.aws.ledger_row import FileRow
from worker.errors import DeadLetterError
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.file import ObjectVersion, file_id
from worker.models.ledger import State

_INTERNAL = ("attempt_failed", "step_failed", "replay_failed")


def assert_promises(world: World, *, dead_letters: frozenset[str] = frozenset()) -> None:
    """Assert the promises of the design; `dead_letters` are the codes that this run may end with."""
    faults = [*_threads(world), *_queues(world, dead_letters), *_files(world), *_events(world)]
    assert not faults, "\n".join([*faults, story(world)])


def story(world: World, lines: int = 150) -> str:
    """The end of the log and of the calls, for people."""
    log, calls = world.fleet.log[-lines:], world.network.calls[-lines:]
    return "\n".join([f"seed {world.seed}", "log:", *log, "calls:", *calls])


def _threads(world: World) -> Iterator[str]:
    yield from world.scheduler.errors
    # An error that nobody foresaw is a fault of the worker, even where a retry hides it.
    yield from (line for line in world.fleet.log if any(event in line.split()[3:4] for event in _INTERNAL))


def dead_letter_codes(world: World) -> frozenset[str | None]:
    """The codes in the dead-letter queue."""
    return frozenset(_code(message) for message in world.dead.messages)


def _code(message: Message) -> str | None:
    attribute = message.attributes.get("cis")
    return json.loads(attribute["StringValue"]).get("code") if attribute else None


def _queues(world: World, allowed: frozenset[str]) -> Iterator[str]:
    yield from (f"left in the queue: {message.body}" for message in world.work.messages)
    for message in world.dead.messages:
        if (code := _code(message)) not in allowed:
            yield f"dead-lettered with the code {code}: {message.body}"


def _events(world: World) -> Iterator[str]:
    """Every end state was announced, and none that never was."""
    announced = {json.loads(message.body)["id"] for message in world.events.messages}
    yield from (f"{end} was not announced" for end in sorted(world.network.ends - announced))
    yield from (f"announced {end}, which never was" for end in sorted(announced - world.network.ends))


def _files(world: World) -> Iterator[str]:
    table = FileTable(world.dynamodb, table=TABLE, owner="test", pipeline_version="1")
    rows = {row.file_id: row for row in table.rows()}
    index = SqliteIndex(world.folder / "index.sqlite3")
    try:
        versions = _index_versions(index)
        for key in sorted(world.keys):
            name = file_id(BUCKET, key)
            row = rows.pop(name, None)
            if row is None:
                yield f"{key} has no row"
                continue
            yield from (f"{key}: {fault}" for fault in _file(world, key, row, index.document(name)))
            if versions.get(name) != row.fence and row.state is not State.DEAD_LETTERED:
                yield f"{key}: the index has version {versions.get(name)}, the row fence {row.fence}"
        yield from (f"a row of a file that never was: {row.key}" for row in rows.values())
    finally:
        index.close()


def _file(world: World, key: str, row: FileRow, document: Document | None) -> Iterator[str]:
    """How ledger and index differ from the bucket for one file."""
    data, version = _object(world, key)
    if not row.is_finished or row.owner is not None or row.pending:
        yield f"not finished: {row}"
    if row.state is State.DEAD_LETTERED:
        if key not in _dead_keys(world):
            yield "dead-lettered without a message in the dead-letter queue"
        return
    if data is None or version is None:
        if row.state is not State.TOMBSTONED or document is not None:
            yield f"is gone from the bucket, but is {row.state}, in the index: {document is not None}"
        return
    if row.version != version.version:
        yield f"is {version.version} in the bucket and {row.version} in the ledger"
    if document is None:
        yield f"is {row.state} in the ledger and not in the index"
        return
    if document.state is not row.state or document.reason != row.reason:
        yield f"is {row.state} ({row.reason}), but in the index {document.state} ({document.reason})"
    if world.fleet.has_real_readers:
        yield from _read_content(data, row, document)
    else:
        yield from _content(data, row, document)


def _read_content(data: bytes, row: FileRow, document: Document) -> Iterator[str]:
    """The same where real readers read the script itself, as a text."""
    if row.state is not (State.INDEXED if data else State.NO_CONTENT):
        yield f"is {row.state} ({row.reason})"
    if data and json.loads(data)["text"] not in document.pages[0].text:
        yield f"has the pages {document.pages}"


def _content(data: bytes, row: FileRow, document: Document) -> Iterator[str]:
    state, reason, texts = expected(data)
    if (row.state.value, row.reason) != (state, reason):
        yield f"is {row.state} ({row.reason}) instead of {state} ({reason})"
    if state in ("indexed", "partial"):
        found = {page.number: page.text for page in document.pages}
        if found != texts:
            yield f"has the pages {found} instead of {texts}"
        if not row.content_hash == document.content_hash == hashlib.sha256(data).hexdigest():
            yield f"has the hash {row.content_hash} in the ledger, {document.content_hash} in the index"
        if document.vectors.image is None:
            yield "has no vector"


def expected(data: bytes) -> tuple[str, str | None, Mapping[int, str]]:
    """State, reason and the text of the pages that a content must end with."""
    if not data:
        return "no_content", "empty", {}
    try:
        script: dict[str, Any] = json.loads(data)
    except ValueError:
        return "no_content", "unsupported_type", {}
    if fails := script.get("fails"):
        return "no_content", fails, {}
    texts = {number: page_of(script, number).text for number in range(1, script["pages"] + 1)}
    if (kills := script.get("kills")) is None:
        return "indexed", None, texts
    return "partial", "pages_failed", {**texts, kills: ""}


def ocr_counts(world: World) -> Counter[tuple[str, int]]:
    """How often each page of each content was OCRed to its end."""
    return Counter((page.content, page.page) for page in world.fleet.ocred)


def _object(world: World, key: str) -> tuple[bytes | None, ObjectVersion | None]:
    try:
        answer = world.s3.get_object(Bucket=BUCKET, Key=key)
    except world.s3.exceptions.NoSuchKey:
        return None, None
    data = answer["Body"].read()
    return data, ObjectVersion(etag=answer["ETag"], size_bytes=len(data))


def _dead_keys(world: World) -> set[str]:
    keys: set[str] = set()
    for message in world.dead.messages:
        try:
            keys |= {file.key for file in events.parse(message.body).files}
        except DeadLetterError:
            continue
    return keys


def _index_versions(index: SqliteIndex) -> dict[str, int]:
    with index._file.read_transaction() as connection:
        rows = connection.execute("SELECT file_id, version FROM files").fetchall()
    return {row["file_id"]: row["version"] for row in rows}
