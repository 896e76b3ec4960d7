"""Reading one file: its pages, a stop meanwhile, its reason."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from worker.delivery.heartbeat import Lease
from worker.document.document_reader import ReadResult
from worker.errors import JobInterrupted, LeaseLostError
from worker.models.file import FileType, LocalFile
from worker.models.ledger import Checkpoint, Job, State
from worker.models.page import Page, TextSource
from worker.runtime import tally

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _tiff(frames: int) -> bytes:
    images = []
    for number in range(frames):
        image = Image.new("L", (500, 160), 255)
        ImageDraw.Draw(image).text((30, 40), f"HELLO {number + 1}", fill=0, font_size=60)
        images.append(image)
    data = io.BytesIO()
    images[0].save(data, "TIFF", save_all=True, append_images=images[1:])
    return data.getvalue()


def _lease(world: World) -> Lease:
    world.queue.send("{}")
    return world.heartbeat.hold(world.receive())


def _read(world: World, job: Job, data: bytes, lease: Lease, *, sha256: str = "sha") -> ReadResult:
    folder = Path(tempfile.mkdtemp(dir=world.work_root))
    try:
        path = folder / "original"
        path.write_bytes(data)
        assert job.version is not None
        local = LocalFile(path=str(path), sha256=sha256, version=job.version)
        return world.processor.reader.read(job, local, folder, lease)
    finally:
        shutil.rmtree(folder)


def test_all_pages_come_with_thumbnail_and_picture(live: World) -> None:
    data = _tiff(2)
    extraction = _read(live, live.claim(live.put("a.tif", data)), data, _lease(live)).extraction
    assert extraction.file_type is FileType.TIFF
    assert extraction.state is State.INDEXED
    assert [page.number for page in extraction.pages] == [1, 2]
    assert extraction.thumbnail is not None
    assert Image.open(io.BytesIO(extraction.thumbnail)).format == "WEBP"
    assert extraction.picture is not None
    assert Image.open(io.BytesIO(extraction.picture)).format == "JPEG"


def test_a_stop_that_leaves_no_time_ends_the_reading_at_once(live: World) -> None:
    data = _tiff(30)
    job = live.claim(live.put("a.tif", data))
    live.shutdown.request("test", within_s=0.0)
    with pytest.raises(JobInterrupted, match="test"):
        _read(live, job, data, _lease(live))


def test_the_next_attempt_reads_the_other_pages_only(live: World) -> None:
    data = _tiff(3)
    file = live.put("a.tif", data)
    job = live.claim(file)
    assert job.version is not None
    done = Page(number=2, text="from the checkpoint", source=TextSource.OCR, language="eng", ocr_s=99)
    part = live.store.save_part(job.claim.file_id, job.version.version, [done])
    checkpoint = Checkpoint(version=job.version.version, extraction_key="key", parts=(part,))
    reading = _read(live, replace(job, checkpoint=checkpoint), data, _lease(live))
    texts = [page.text for page in reading.extraction.pages]
    assert texts[1] == "from the checkpoint"
    assert "HELLO 1" in texts[0]
    assert "HELLO 3" in texts[2]
    assert reading.checkpointed


def test_a_document_with_too_many_pages_is_partial_and_names_some_of_them(live: World) -> None:
    data = _tiff(1)
    job = live.claim(live.put("a.tif", data))
    assert job.version is not None
    left = [
        Page(number=number, text="", source=TextSource.NOT_READ, reason="too_many_pages")
        for number in range(2, 32)
    ]
    part = live.store.save_part(job.claim.file_id, job.version.version, left)
    checkpoint = Checkpoint(version=job.version.version, extraction_key="key", parts=(part,))
    extraction = _read(live, replace(job, checkpoint=checkpoint), data, _lease(live)).extraction
    assert (extraction.state, extraction.reason) == (State.PARTIAL, "too_many_pages")
    assert extraction.reason_message.startswith("not all read: page 2 (too_many_pages), page 3")
    assert extraction.reason_message.endswith("page 21 (too_many_pages) and 10 more")


def test_a_stop_with_time_enough_finishes_the_document(live: World) -> None:
    data = _tiff(2)
    job = live.claim(live.put("a.tif", data))
    live.shutdown.request("test", within_s=100.0)
    assert _read(live, job, data, _lease(live)).extraction.state is State.INDEXED


def _slow_so_far(world: World, data: bytes, *, page_s: float) -> Job:
    """A job whose only page so far took so long."""
    job = world.claim(world.put("a.tif", data))
    assert job.version is not None
    done = Page(number=1, text="done", source=TextSource.OCR, language="eng", ocr_s=page_s)
    part = world.store.save_part(job.claim.file_id, job.version.version, [done])
    checkpoint = Checkpoint(version=job.version.version, extraction_key="key", parts=(part,))
    return replace(job, checkpoint=checkpoint)


def test_a_machine_that_goes_away_reads_on_while_a_page_fits_and_saves_each(live: World) -> None:
    data = _tiff(12)
    job = _slow_so_far(live, data, page_s=40)
    # 80 s until the requeue: not enough for 11 pages of 40 s, and enough for one.
    live.shutdown.request("spot interruption", within_s=110.0, is_leaving=True)
    assert len(_read(live, job, data, _lease(live)).extraction.pages) == 12
    checkpoint = live.row("a.tif").checkpoint
    assert checkpoint is not None
    parts = live.store.parts(checkpoint)
    assert sorted(page for part in parts for page in part.pages) == list(range(1, 13))
    assert len(parts) >= 5


@pytest.mark.parametrize(("page_s", "is_leaving"), [(60.0, True), (40.0, False)])
def test_no_page_is_begun_that_would_not_end_in_time_or_whose_process_is_only_restarted(
    live: World, page_s: float, *, is_leaving: bool
) -> None:
    data = _tiff(12)
    job = _slow_so_far(live, data, page_s=page_s)
    live.shutdown.request("stop", within_s=110.0, is_leaving=is_leaving)
    with pytest.raises(JobInterrupted, match="pages to go"):
        _read(live, job, data, _lease(live))
    checkpoint = live.row("a.tif").checkpoint
    saved = [page for part in live.store.parts(checkpoint) for page in part.pages] if checkpoint else []
    assert len(saved) < 8


def test_a_lost_lease_ends_the_reading_and_saves_nothing(live: World) -> None:
    data = _tiff(30)
    job = live.claim(live.put("a.tif", data))
    lease = _lease(live)
    lease.lost = True
    with pytest.raises(LeaseLostError):
        _read(live, job, data, lease)
    assert live.row("a.tif").checkpoint is None


def test_near_the_twelve_hour_limit_the_work_is_saved_and_interrupted(live: World) -> None:
    data = _tiff(30)
    job = live.claim(live.put("a.tif", data))
    lease = _lease(live)
    live.clock.now += 11 * 3600 + 1
    lease.deadline = live.clock.now + 1_000
    with pytest.raises(JobInterrupted):
        _read(live, job, data, lease)


def test_the_same_content_is_read_once(live: World) -> None:
    data = _tiff(1)
    first = _read(live, live.claim(live.put("a.tif", data)), data, _lease(live))
    live.store.save("sha", first.extraction)
    second = _read(live, live.claim(live.put("b.tif", data)), data, _lease(live))
    assert second.from_store
    assert second.extraction == first.extraction


def test_pages_of_the_same_file_in_it_are_counted_as_copied_and_not_as_ocred(live: World) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("a.tif", "b.tif"):
            file.writestr(name, _tiff(1))
    data = archive.getvalue()
    with tally.open_tally() as counted:
        read = _read(live, live.claim(live.put("a.zip", data)), data, _lease(live))
    assert [page.text.strip() for page in read.extraction.pages[1:]] == ["HELLO 1", "HELLO 1"]
    assert (counted.counts["pages_ocred"], counted.counts["pages_copied"]) == (1, 1)


def test_text_over_the_limit_is_cut_and_the_document_is_partial(live: World) -> None:
    data = b"many words " * 100_000
    extraction = _read(live, live.claim(live.put("a.txt", data)), data, _lease(live)).extraction
    assert extraction.state is State.PARTIAL
    assert extraction.reason
    assert "page 1" in extraction.reason_message
