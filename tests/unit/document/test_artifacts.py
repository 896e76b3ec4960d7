"""Results stored by content, and checkpoints."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from worker.document.artifacts import ArtifactStore
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.ledger import Checkpoint
from worker.models.page import Page, TextSource

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

PAGES = (
    Page(number=1, text="営業報告書 𠮟る", source=TextSource.OCR, language="jpn", confidence=91.5),
    Page(number=2, text="", source=TextSource.TIMED_OUT, reason="timeout"),
)


def _extraction(reason: str | None = None) -> Extraction:
    return Extraction(file_type=FileType.PNG, pages=PAGES, reason=reason, thumbnail=b"webp", picture=b"jpeg")


def test_a_complete_result_comes_back_as_it_was_stored(world: World) -> None:
    world.store.save("hash", _extraction())
    assert world.store.load("hash", FileType.PNG) == _extraction()


def test_an_incomplete_result_is_stored_but_not_reused(world: World) -> None:
    key = world.store.save("hash", _extraction("timeout"))
    assert world.storage.get(key) is not None
    assert world.store.load("hash", FileType.PNG) is None


@pytest.mark.parametrize("other", [("else", FileType.PNG), ("hash", FileType.PDF)])
def test_another_content_or_type_is_another_result(world: World, other: tuple[str, FileType]) -> None:
    world.store.save("hash", _extraction())
    assert world.store.load(*other) is None


# Without mtime=0 the name of a case has the time in it, and pytest's workers do not agree on the names.
@pytest.mark.parametrize(
    "data", [b"", b"not gzip", gzip.compress(b"{}", mtime=0), gzip.compress(b"[1]", mtime=0)]
)
def test_an_unreadable_result_counts_as_none(world: World, data: bytes) -> None:
    world.storage.put(world.store.artifact_key("hash", FileType.PNG), data)
    assert world.store.load("hash", FileType.PNG) is None


def test_a_vector_comes_back_for_its_model_and_dimension_only(world: World) -> None:
    world.store.save_vector("hash", "model:0", [0.25, -1.0])
    assert world.store.load_vector("hash", "model:0", 2) == (0.25, -1.0)
    assert world.store.load_vector("hash", "model:0", 3) is None
    assert world.store.load_vector("hash", "other", 2) is None


def test_checkpointed_pages_come_back_in_order(world: World) -> None:
    second = world.store.save_part("file", "v", PAGES[1:])
    first = world.store.save_part("file", "v", PAGES[:1])
    checkpoint = Checkpoint(version="v", extraction_key="key", parts=(second, first))
    assert world.store.load_pages(checkpoint) == list(PAGES)


def test_an_altered_or_missing_part_is_ignored(world: World) -> None:
    good, altered, missing = (
        world.store.save_part("file", "v", [Page(number=n, text="x", source=TextSource.OCR)])
        for n in (1, 2, 3)
    )
    world.storage.put(altered.key, b"other bytes")
    world.storage.delete("results", missing.key)
    checkpoint = Checkpoint(version="v", extraction_key="key", parts=(good, altered, missing))
    assert [page.number for page in world.store.load_pages(checkpoint)] == [1]


def test_removing_a_checkpoint_does_not_touch_other_files(world: World) -> None:
    mine = world.store.save_part("file", "v", PAGES)
    other = world.store.save_part("file2", "v", PAGES)
    world.store.drop_checkpoint("file", "v")
    assert world.storage.get(mine.key) is None
    assert world.storage.get(other.key) is not None


def test_a_result_is_opened_by_its_key_whether_it_is_complete_or_not(world: World) -> None:
    partial = Extraction(
        file_type=FileType.PDF,
        pages=PAGES,
        reason="pages_failed",
        reason_message="page 2",
        thumbnail=b"webp",
        picture=b"jpeg",
    )
    key = world.store.save("hash", partial)
    assert world.store.open(key, world.store.thumbnail_key("hash")) == partial
    assert world.store.load("hash", FileType.PDF) is None
    other = ArtifactStore(world.storage, extraction_key="newer")
    assert other.open(key, None) == replace(partial, thumbnail=None)
    assert world.store.open("artifacts/hash/none", None) is None
