"""Checkpoints in the background: one at a time, data before pointer, nothing after the end."""

from __future__ import annotations

import threading
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from worker.aws.file_table import Commit
from worker.document.artifacts import ArtifactStore
from worker.document.page_collector import PageCollector
from worker.document.uploads.background_uploader import BackgroundUploader
from worker.document.uploads.spool import Spool
from worker.errors import LeaseLostError, TransientError
from worker.models.ledger import Checkpoint, Job, State
from worker.models.page import Page, TextSource
from worker.runtime.log import bind

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def uploader(world: World) -> BackgroundUploader:
    spool = Spool(world.local_health.work_root)
    return BackgroundUploader(
        world.storage, spool, shutdown=world.shutdown, metrics=world.metrics, random=Random(1)
    )


@pytest.fixture
def store(world: World, uploader: BackgroundUploader) -> ArtifactStore:
    return ArtifactStore(world.storage, extraction_key="key", uploader=uploader)


def _page(number: int, *, ocr_s: float = 13.0) -> Page:
    return Page(number=number, text=f"page {number}", source=TextSource.OCR, ocr_s=ocr_s)


def _collector(world: World, store: ArtifactStore, job: Job, *, in_haste: bool = False) -> PageCollector:
    assert job.version is not None
    return PageCollector(
        job=job,
        version=job.version.version,
        store=store,
        table=world.table,
        metrics=world.metrics,
        interruption_expected=lambda: in_haste,
    )


def _saved(world: World, store: ArtifactStore) -> list[int]:
    """The pages that a worker which died now would leave to the next."""
    checkpoint = world.row("a").checkpoint
    return [page.number for page in store.load_pages(checkpoint)] if checkpoint else []


def test_pages_are_taken_while_a_checkpoint_is_written(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    collector.add(_page(1))
    collector.add(_page(2))
    # One is under way: the second page waits for it.
    assert (uploader.pending, _saved(world, store)) == (1, [])
    uploader.step()
    assert _saved(world, store) == [1]
    collector.add(_page(3))
    uploader.step()
    assert _saved(world, store) == [1, 2, 3]
    assert [page.number for page in collector.pages] == [1, 2, 3]


def test_the_log_line_of_a_checkpoint_names_its_document_in_any_thread(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    with bind(job="this one"):
        collector.add(_page(1))
    with capture_logs(processors=[merge_contextvars]) as logs:
        thread = threading.Thread(target=uploader.step)
        thread.start()
        thread.join()
    (line,) = [line for line in logs if line["event"] == "checkpoint_saved"]
    assert (line["job"], line["pages"], line["parts"]) == ("this one", 1, 1)


def test_a_save_waits_until_all_pages_are_saved(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    collector.add(_page(1))
    collector.add(_page(2, ocr_s=1))
    collector.save()
    assert (_saved(world, store), uploader.pending) == ([1, 2], 0)


def test_the_pointer_is_written_after_its_data(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    world.fail("s3", "PutObject", 3, after=1)
    collector.add(_page(1))
    uploader.step()
    # The part is there, its manifest is not: the ledger names neither.
    assert len(world.storage.keys("checkpoints/")) == 1
    assert world.row("a").checkpoint is None


def test_a_checkpoint_that_waits_for_the_network_is_replaced_by_one_with_all_pages(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    world.fail("s3", "PutObject", 3)
    collector.add(_page(1))
    uploader.step()
    collector.add(_page(2))
    world.clock.now += 60
    uploader.step()
    assert (_saved(world, store), uploader.pending) == ([1, 2], 0)


def test_a_pointer_that_fails_loses_no_page(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    world.fail("dynamodb", "UpdateItem", 3)
    collector.add(_page(1))
    uploader.step()
    assert world.row("a").checkpoint is None
    collector.add(_page(2))
    collector.save()
    assert _saved(world, store) == [1, 2]


def test_a_save_that_s3_does_not_take_says_so(world: World, store: ArtifactStore) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    collector.add(_page(1))
    world.fail("s3", "PutObject")
    later = iter(range(1, 1_000))
    world.shutdown._clock = lambda: world.clock.now + next(later)
    with pytest.raises(TransientError, match="not written in time"):
        collector.save()


def test_the_next_page_of_a_worker_that_was_overtaken_ends_its_attempt(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    file = world.put("a")
    collector = _collector(world, store, world.claim(file))
    collector.add(_page(1))
    world.claim(file)
    uploader.step()
    with pytest.raises(LeaseLostError):
        collector.add(_page(2))
    assert world.row("a").checkpoint is None


def test_nothing_is_written_after_the_end_of_an_attempt(
    world: World, store: ArtifactStore, uploader: BackgroundUploader
) -> None:
    job = world.claim(world.put("a"))
    collector = _collector(world, store, job)
    collector.add(_page(1))
    collector.close()
    assert uploader.pending == 0
    assert collector.has_checkpoint
    world.table.commit(job.claim, Commit(state=State.INDEXED))
    # A pointer that was on its way all the time changes nothing.
    with pytest.raises(LeaseLostError):
        world.table.save_checkpoint(job.claim, Checkpoint(version="v", extraction_key="key"))
    row = world.row("a")
    assert (row.state, row.checkpoint) == (State.INDEXED, None)


def test_a_pointer_on_its_way_does_not_change_a_file_that_was_requeued(world: World) -> None:
    job = world.claim(world.put("a"))
    world.table.release(job.claim, interrupted=True)
    with pytest.raises(LeaseLostError):
        world.table.save_checkpoint(job.claim, Checkpoint(version="v", extraction_key="key"))
    assert world.row("a").checkpoint is None


def test_a_full_disk_loses_no_page(
    world: World, store: ArtifactStore, uploader: BackgroundUploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    folder = world.local_health.work_root.path / "uploads"
    folder.write_text("a file where the folder should be")
    collector.add(_page(1))
    folder.unlink()
    collector.add(_page(2))
    uploader.step()
    assert _saved(world, store) == [1, 2]


def test_a_manifest_that_was_altered_or_removed_costs_its_pages_only(
    world: World, store: ArtifactStore
) -> None:
    file = world.put("a")
    first = _collector(world, store, world.claim(file))
    first.add(_page(1))
    first.save()
    checkpoint = world.row("a").checkpoint
    assert checkpoint is not None
    assert checkpoint.manifest is not None
    world.storage.put(checkpoint.manifest.key, b"other bytes")
    second = _collector(world, store, world.claim(file))
    second.restore()
    assert (second.pages, second.restored, second.has_checkpoint) == ((), 0, True)
    second.add(_page(1))
    second.save()
    assert _saved(world, store) == [1]


def test_a_row_of_an_earlier_version_is_restored_and_goes_on_as_a_manifest(
    world: World, store: ArtifactStore
) -> None:
    file = world.put("a")
    job = world.claim(file)
    assert job.version is not None
    parts = tuple(
        store.save_part(job.claim.file_id, job.version.version, [_page(number)]) for number in (1, 2)
    )
    old = Checkpoint(version=job.version.version, extraction_key="key", parts=parts)
    world.table.save_checkpoint(job.claim, old)
    collector = _collector(world, store, world.claim(file))
    collector.restore()
    assert collector.restored == 2
    collector.add(_page(3))
    collector.save()
    checkpoint = world.row("a").checkpoint
    assert checkpoint is not None
    assert (checkpoint.parts, _saved(world, store)) == ((), [1, 2, 3])


def test_a_missing_part_is_listed_no_more(world: World, store: ArtifactStore) -> None:
    file = world.put("a")
    first = _collector(world, store, world.claim(file))
    for number in (1, 2):
        first.add(_page(number))
        first.save()
    checkpoint = world.row("a").checkpoint
    assert checkpoint is not None
    world.storage.delete("results", store.parts(checkpoint)[0].key)
    second = _collector(world, store, replace(world.claim(file), checkpoint=checkpoint))
    second.restore()
    assert [page.number for page in second.pages] == [2]
    second.add(_page(3))
    second.save()
    assert _saved(world, store) == [2, 3]


def test_the_cost_of_a_checkpoint_does_not_grow_with_the_document(world: World, store: ArtifactStore) -> None:
    sent: list[int] = []
    calls: list[str] = []

    def count(params: Any, model: Any, **_: Any) -> None:
        calls.append(model.name)
        body = params["body"]
        sent.append(len(body.getbuffer()) if hasattr(body, "getbuffer") else len(body))

    for client, operation in ((world.clients.s3, "PutObject"), (world.clients.dynamodb, "UpdateItem")):
        client.meta.events.register(f"before-call.*.{operation}", count)
    collector = _collector(world, store, world.claim(world.put("a")), in_haste=True)
    sent.clear()
    calls.clear()
    for number in range(1, 41):
        collector.add(_page(number))
        collector.save()
        assert calls == ["PutObject", "PutObject", "UpdateItem"]
        calls.clear()
    # Only the manifest grows, by some 60 bytes a part, and the row not at all.
    row_bytes = [sent[at] for at in range(2, len(sent), 3)]
    assert max(row_bytes) - min(row_bytes) < 30
    assert sum(sent[-3:]) < sum(sent[:3]) + 40 * 120


def test_an_outage_of_the_store_does_not_end_an_attempt(world: World, store: ArtifactStore) -> None:
    collector = _collector(world, store, world.claim(world.put("a")))
    world.fail("s3", "PutObject")
    collector.add(_page(1))
    collector.add(_page(2))
    collector.close()
    assert len(collector.pages) == 2
