"""Checkpoints of unfinished files go home, and into the bucket of the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.aws.ledger_row import FileRow
from worker.aws.storage_handler import StorageHandler
from worker.document.artifacts import ArtifactStore
from worker.home.folder import Home
from worker.home.transfer.checkpoints import KeptCheckpoints
from worker.models.ledger import Checkpoint, CheckpointPart, State
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

DAY_S = 86_400.0


@pytest.fixture
def store(storage: StorageHandler) -> ArtifactStore:
    return ArtifactStore(storage, extraction_key="key")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(folder=tmp_path / "home")


def part(store: ArtifactStore, *numbers: int) -> CheckpointPart:
    pages = [Page(number=number, text=f"page {number}", source=TextSource.OCR) for number in numbers]
    return store.save_part("f", "v", pages)


def checkpoint(storage: StorageHandler, store: ArtifactStore, *parts: CheckpointPart) -> Checkpoint:
    found, manifest = store.checkpoint_of("f", "v", parts)
    storage.put(manifest.key, b"".join(manifest.chunks))
    return found


def row(found: Checkpoint) -> FileRow:
    return FileRow(file_id="f", fence=1, state=State.PROCESSING, version="v", checkpoint=found)


def test_a_checkpoint_of_one_run_is_read_in_the_next(
    storage: StorageHandler, store: ArtifactStore, home: Home, tmp_path: Path
) -> None:
    found = checkpoint(storage, store, part(store, 1, 2), part(store, 3))
    first = KeptCheckpoints(home, storage)
    first.collect(row(found), str(tmp_path))
    assert first.pages == 3
    storage.delete_prefix("checkpoints/")
    second = KeptCheckpoints(home, storage)
    assert second.seed("f") == found
    assert [page.number for page in store.load_pages(found)] == [1, 2, 3]
    assert second.seed("another") is None


def test_what_a_later_checkpoint_does_not_name_is_removed(
    storage: StorageHandler, store: ArtifactStore, home: Home
) -> None:
    kept = KeptCheckpoints(home, storage)
    kept.collect(row(checkpoint(storage, store, part(store, 1))), "/d/a.pdf")
    found = checkpoint(storage, store, part(store, 1, 2))
    kept.collect(row(found), "/d/a.pdf")
    assert len([path for path in (home.folder / "checkpoints").rglob("*") if path.is_file()]) == 3
    assert kept.pages == 2


def test_a_checkpoint_whose_objects_are_gone_leaves_the_former_one(
    storage: StorageHandler, store: ArtifactStore, home: Home
) -> None:
    kept = KeptCheckpoints(home, storage)
    former = checkpoint(storage, store, part(store, 1))
    kept.collect(row(former), "/d/a.pdf")
    found = checkpoint(storage, store, part(store, 1, 2))
    storage.delete_prefix("checkpoints/")
    kept.collect(row(found), "/d/a.pdf")
    assert KeptCheckpoints(home, storage).seed("f") == former


def test_a_finished_file_leaves_nothing(storage: StorageHandler, store: ArtifactStore, home: Home) -> None:
    kept = KeptCheckpoints(home, storage)
    kept.collect(row(checkpoint(storage, store, part(store, 1))), "/d/a.pdf")
    kept.drop("f")
    assert (kept.pages, list((home.folder / "checkpoints").iterdir())) == (0, [])


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"path": 1}', b'{"checkpoint": "{}"}'])
def test_a_damaged_pointer_is_as_none(
    storage: StorageHandler, store: ArtifactStore, home: Home, damage: bytes
) -> None:
    kept = KeptCheckpoints(home, storage)
    kept.collect(row(checkpoint(storage, store, part(store, 1))), "/d/a.pdf")
    (home.folder / "checkpoints" / "f" / "pointer.json").write_bytes(damage)
    assert kept.seed("f") is None
    kept.sweep()
    assert list((home.folder / "checkpoints").iterdir()) == []


def test_checkpoints_of_files_that_are_gone_or_were_left_for_a_month_are_swept(
    storage: StorageHandler, store: ArtifactStore, home: Home, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.pdf"
    scan.touch()
    found = row(checkpoint(storage, store, part(store, 1)))
    KeptCheckpoints(home, storage).collect(found, str(scan))
    pointer = home.folder / "checkpoints" / "f" / "pointer.json"
    begun = pointer.stat().st_mtime
    KeptCheckpoints(home, storage, now=lambda: begun + 29 * DAY_S).sweep()
    assert pointer.exists()
    KeptCheckpoints(home, storage, now=lambda: begun + 31 * DAY_S).sweep()
    assert not pointer.exists()
    KeptCheckpoints(home, storage).collect(found, str(scan))
    scan.unlink()
    KeptCheckpoints(home, storage).sweep()
    assert not pointer.exists()
