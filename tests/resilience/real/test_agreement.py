"""The comparison itself: it finds nothing where all agree, and each way in which they may not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.resilience.real.agreement import compare
from tests.resilience.real.corpus import Corpus, Document
from tests.resilience.real.world import World
from worker.aws.file_table import Commit
from worker.embedded.resource_names import SOURCE_BUCKET
from worker.models import document as index_document
from worker.models.file import EventType, FileMessage, FileType
from worker.models.ledger import Claim, State
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.resilience

Spoil = Callable[[World, list[Document]], None]


def _message(key: str) -> FileMessage:
    return FileMessage(
        event_type=EventType.FILE_UPLOADED, bucket=SOURCE_BUCKET, key=key, original_path=f"/nas/{key}"
    )


def _claim(world: World, key: str, version: str | None) -> Claim:
    message = _message(key)
    row = world.table.claim(
        message, message_id="m", version=version, seen=world.row(key), attempt=f"attempt {version}"
    )
    return Claim(file_id=row.file_id, fence=row.fence, attempt=row.attempt or "", message_id="m")


def _process(world: World, document: Document) -> None:
    """What a worker does with a text file."""
    head = world.storage.head(SOURCE_BUCKET, document.key)
    claim = _claim(world, document.key, head.version)
    entry = index_document.Document(
        file_id=claim.file_id,
        bucket=SOURCE_BUCKET,
        key=document.key,
        file_name=document.key.rpartition("/")[2],
        file_path=f"/nas/{document.key}",
        size_bytes=len(document.data),
        file_type=FileType.TEXT,
        state=State.INDEXED,
        pages=(Page(number=1, text=document.data.decode(), source=TextSource.FILE),),
        content_hash=hashlib.sha256(document.data).hexdigest(),
    )
    world.index.index_document(entry, version=claim.fence)
    world.table.commit(claim, Commit(state=State.INDEXED, content_hash=entry.content_hash, pages=1))


def _remove(world: World, key: str) -> None:
    claim = _claim(world, key, None)
    world.index.tombstone(claim.file_id, version=claim.fence)
    world.table.commit(claim, Commit(state=State.TOMBSTONED))


def _drain(world: World) -> None:
    world.sqs.purge_queue(QueueUrl=world.environment["CIS_QUEUE_URL"])


@pytest.fixture
def documents(world: World) -> list[Document]:
    """Three live text files, of which one was overwritten, and one deleted file: all of it in agreement."""
    corpus = Corpus(1)
    made = [each for each in corpus.documents(20) if each.key.endswith("+.txt")][:4]
    for each in made:
        world.put(each)
        _process(world, each)
    made[0] = corpus.revision(made[0])
    world.put(made[0])
    _process(world, made[0])
    world.delete(made[3].key)
    _remove(world, made[3].key)
    _drain(world)
    return made


def test_agreement_is_exact_and_each_disagreement_is_found(world: World, documents: list[Document]) -> None:
    exact = compare(world)
    assert (exact.differences, exact.live, exact.deleted) == ([], 3, 1)
    assert "exact (3 live and 1 deleted objects" in str(exact)
    found = {name: _difference(world, documents, spoil) for name, spoil in _FAULTS.items()}
    assert {name: text for name, text in found.items() if name not in text} == {}


def _difference(
    world: World, documents: list[Document], spoil: Callable[[World, list[Document]], None]
) -> str:
    """What is found after one thing was spoiled; everything is put right again."""
    spoil(world, documents)
    text = "; ".join(compare(world).differences)
    for document in documents[:3]:
        world.s3.put_object(Bucket=SOURCE_BUCKET, Key=document.key, Body=document.data)
        world.live[document.key] = document
        _process(world, document)
    _remove(world, documents[3].key)
    _drain(world)
    assert compare(world).differences == []
    return text


def _overwrite_silently(world: World, documents: list[Document]) -> None:
    newer = replace(documents[0], data=b"newer", word="newer")
    world.s3.put_object(Bucket=SOURCE_BUCKET, Key=newer.key, Body=newer.data)
    world.live[newer.key] = newer


def _delete_row(world: World, documents: list[Document]) -> None:
    row = world.row(documents[1].key)
    assert row is not None
    world.dynamodb.delete_item(
        TableName=world.environment["CIS_FILE_TABLE"], Key={"file_id": {"S": row.file_id}}
    )
    world.table.seed(_message(documents[1].key), fence=row.fence)


def _hide_in_index(world: World, documents: list[Document]) -> None:
    claim = _claim(world, documents[1].key, "v")
    world.index.tombstone(claim.file_id, version=claim.fence)


def _resurrect(world: World, documents: list[Document]) -> None:
    world.s3.put_object(Bucket=SOURCE_BUCKET, Key=documents[3].key, Body=documents[3].data)
    _process(world, documents[3])
    world.s3.delete_object(Bucket=SOURCE_BUCKET, Key=documents[3].key)


def _leave_message(world: World, documents: list[Document]) -> None:
    world.announce("FILE_UPLOADED", documents[0].key)


def _dead_letter_row(world: World, documents: list[Document]) -> None:
    claim = _claim(world, documents[2].key, "v")
    world.table.commit(claim, Commit(state=State.DEAD_LETTERED, reason="corrupt"))


_FAULTS: dict[str, Spoil] = {
    "the object has": _overwrite_silently,
    "no row": _delete_row,
    "not in the index": _hide_in_index,
    "deleted, but indexed": _resurrect,
    "deleted, but in the index": _resurrect,
    "finds 1 files": _resurrect,
    "CIS_QUEUE_URL: 1 messages left": _leave_message,
    "state dead_lettered": _dead_letter_row,
    "still has owner": _hide_in_index,
}
