"""Documents made of rows, artifacts and entries, without reading a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from tests.stand_ins.stored_files import StoredFiles
from tests.unit.world import World
from worker.aws.file_table import Commit
from worker.document.embedder import text_hash
from worker.index.search_index import tombstone_document
from worker.maintenance.reindex.stored_documents import StoredDocuments, Versioned
from worker.models.document import Document
from worker.models.ledger import State

pytestmark = pytest.mark.unit

TEXT_MODEL = "amazon.titan-embed-text-v2:0"


@dataclass(eq=False)
class Entries:
    """The entries that were written, and how many were asked for."""

    there: dict[str, Versioned]
    asked: int = 0

    def write(self, document: Document, version: int) -> None:
        self.there[document.file_id] = document, version

    def read(self, file_ids: Sequence[str]) -> dict[str, Versioned]:
        self.asked += len(file_ids)
        return {each: self.there[each] for each in file_ids if each in self.there}


@pytest.fixture
def entries() -> Entries:
    return Entries({})


@pytest.fixture
def files(world: World, entries: Entries) -> StoredFiles:
    return StoredFiles(world, entries.write)


@pytest.fixture
def documents(world: World) -> Iterator[StoredDocuments]:
    with ThreadPoolExecutor(2) as pool:
        yield StoredDocuments(table=world.table, store=world.store, pool=pool)


def test_a_finished_row_is_made_of_its_artifact_alone(
    documents: StoredDocuments, files: StoredFiles, entries: Entries
) -> None:
    file_id, gone = files.add("folder/a.txt", "㈱の報告"), files.add("b.txt", "text")
    files.delete("b.txt")
    made = documents.make({file_id: 1, gone: 1}, entries.read)
    document, version = made[file_id]
    assert ([page.text for page in document.pages], version) == (["㈱の報告"], 1)
    assert (document.file_path, document.state) == ("folder/a.txt", State.INDEXED)
    assert made[gone] == (tombstone_document(gone), 2)
    assert entries.asked == 0


def test_a_dead_lettered_row_and_one_without_artifact_are_found_by_their_name(
    documents: StoredDocuments, world: World, entries: Entries
) -> None:
    dead, large = world.claim(world.put("dead.pdf")).claim, world.claim(world.put("large.pdf")).claim
    world.table.commit(
        dead, Commit(state=State.DEAD_LETTERED, reason="timeout", file_path="dead.pdf", size_bytes=7)
    )
    world.table.commit(large, Commit(state=State.NO_CONTENT, reason="too_large", file_path="large.pdf"))
    made = documents.make({dead.file_id: 1, large.file_id: 1}, entries.read)
    assert [(each.file_name, each.state.value, each.reason) for each, _ in made.values()] == [
        ("dead.pdf", "dead_lettered", "timeout"),
        ("large.pdf", "no_content", "too_large"),
    ]


def test_while_an_attempt_has_the_file_its_entry_is_copied_under_its_own_version(
    documents: StoredDocuments, world: World, files: StoredFiles, entries: Entries
) -> None:
    file_id = files.add("a.txt", "㈱の報告")
    document, _ = entries.there[file_id]
    # As an index returns it: normalised, and without what only the artifact has.
    normalised = replace(document, pages=tuple(replace(page, text="(株)の報告") for page in document.pages))
    entries.there[file_id] = normalised, 1
    world.claim(world.put("a.txt", b"newer"), message_id="m2")
    ((made, version),) = documents.make({file_id: 1}, entries.read).values()
    assert ([page.text for page in made.pages], version) == (["㈱の報告"], 1)


@pytest.mark.parametrize("lost", ["artifact", "row", "fence"])
def test_what_ledger_or_bucket_lost_is_copied_from_the_entry(
    documents: StoredDocuments, world: World, files: StoredFiles, entries: Entries, lost: str
) -> None:
    file_id = files.add("a.txt", "text")
    document, _ = entries.there[file_id]
    if lost == "artifact":
        world.storage.delete_prefix("artifacts/")
    if lost == "row":
        world.clients.dynamodb.delete_item(TableName="files", Key={"file_id": {"S": file_id}})
    entries.there[file_id] = document, 9 if lost == "fence" else 1
    ((made, version),) = documents.make({file_id: entries.there[file_id][1]}, entries.read).values()
    assert ([page.text for page in made.pages], version) == (["text"], entries.there[file_id][1])


def test_a_file_without_entry_is_hidden_where_no_row_names_it_and_left_to_an_attempt(
    documents: StoredDocuments, world: World, entries: Entries
) -> None:
    held = world.claim(world.put("held.txt")).claim.file_id
    made = documents.make({held: None, "gone": None}, entries.read)
    assert made == {"gone": (tombstone_document("gone"), 1)}


def test_stored_vectors_are_taken_and_none_is_requested(
    documents: StoredDocuments, world: World, files: StoredFiles, entries: Entries
) -> None:
    known, unknown = files.add("a.txt", "known"), files.add("b.txt", "unknown")
    vector = (0.5,) * 1024
    world.store.save_vector(text_hash("known"), TEXT_MODEL, vector)
    made = replace(documents, text_model=TEXT_MODEL).make({known: 1, unknown: 1}, entries.read)
    assert made[known][0].vectors.text == (vector,)
    assert made[known][0].vectors.text_model == TEXT_MODEL
    assert (made[unknown][0].vectors.text, made[unknown][0].vectors.text_model) == ((), None)
