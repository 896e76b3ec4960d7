"""Finished pages and their checkpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from worker.document.page_collector import PageCollector
from worker.errors import LeaseLostError
from worker.models.ledger import Job
from worker.models.page import Page, TextSource

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _page(number: int, *, ocr_s: float = 5.0, language: str = "jpn") -> Page:
    return Page(number=number, text=f"page {number}", source=TextSource.OCR, ocr_s=ocr_s, language=language)


def _collector(world: World, job: Job, *, interruption_expected: bool = False) -> PageCollector:
    assert job.version is not None
    return PageCollector(
        job=job,
        version=job.version.version,
        store=world.store,
        table=world.table,
        interruption_expected=lambda: interruption_expected,
        metrics=world.metrics,
    )


def test_pages_with_little_ocr_are_not_checkpointed(world: World) -> None:
    job = world.claim(world.put("a"))
    collector = _collector(world, job)
    collector.add(_page(1))
    collector.add(_page(2))
    assert world.row("a").checkpoint is None
    assert not collector.has_checkpoint


def test_pages_are_saved_before_thirty_seconds_of_ocr_can_be_lost(world: World) -> None:
    job = world.claim(world.put("a"))
    collector = _collector(world, job)
    for number in range(1, 9):
        collector.add(_page(number))
    checkpoint = world.row("a").checkpoint
    assert checkpoint is not None
    assert (8 - len(world.store.load_pages(checkpoint))) * 5.0 < 15.0


def test_every_page_is_saved_when_an_interruption_is_expected(world: World) -> None:
    job = world.claim(world.put("a"))
    collector = _collector(world, job, interruption_expected=True)
    collector.add(_page(1))
    assert world.row("a").checkpoint is not None


def test_the_next_attempt_restores_the_saved_pages(world: World) -> None:
    file = world.put("a")
    first = _collector(world, world.claim(file))
    first.add(_page(2))
    first.add(_page(1, language="eng"))
    first.save()
    second = _collector(world, world.claim(file))
    second.restore()
    assert [page.number for page in second.pages] == [1, 2]
    assert second.restored == 2
    second.add(_page(3))
    second.save()
    third = _collector(world, world.claim(file))
    third.restore()
    assert [page.number for page in third.pages] == [1, 2, 3]


def test_a_checkpoint_of_another_version_or_extraction_key_is_not_used(world: World) -> None:
    file = world.put("a")
    first = _collector(world, world.claim(file))
    first.add(_page(1))
    first.save()
    job = world.claim(file)
    assert job.checkpoint is not None
    other_way = replace(job, checkpoint=replace(job.checkpoint, extraction_key="other"))
    other_version = replace(job, checkpoint=replace(job.checkpoint, version="other"))
    for changed in (other_way, other_version):
        collector = _collector(world, changed)
        collector.restore()
        assert collector.pages == ()


def test_a_worker_that_was_overtaken_cannot_move_the_pointer(world: World) -> None:
    file = world.put("a")
    collector = _collector(world, world.claim(file))
    world.claim(file)
    collector.add(_page(1))
    with pytest.raises(LeaseLostError):
        collector.save()


def test_the_estimate_is_the_mean_of_the_ocred_pages(world: World) -> None:
    collector = _collector(world, world.claim(world.put("a")))
    assert collector.mean_ocr_s == 0
    collector.add(Page(number=1, text="layer", source=TextSource.TEXT_LAYER))
    collector.add(_page(2, ocr_s=2))
    collector.add(_page(3, ocr_s=4))
    assert collector.mean_ocr_s == 3


def test_a_checkpoint_that_fails_loses_no_page_and_is_tried_again(world: World) -> None:
    collector = _collector(world, world.claim(world.put("a")))
    down = [True]

    def refuse(**_: Any) -> None:
        if down[0]:
            raise EndpointConnectionError(endpoint_url="x")

    world.clients.s3.meta.events.register_first("before-send.s3.PutObject", refuse)
    collector.add(_page(1, ocr_s=30))
    assert world.row("a").checkpoint is None
    down[0] = False
    collector.add(_page(2, ocr_s=1))
    checkpoint = world.row("a").checkpoint
    assert checkpoint is not None
    (part,) = world.store.parts(checkpoint)
    assert part.pages == (1, 2)


def test_the_first_page_of_a_suspect_file_is_saved_at_once_and_clears_its_strikes(world: World) -> None:
    file = world.put("a")
    for is_isolated in (False, True):
        job = world.claimer.claim(file, message_id="m1", is_isolated=is_isolated)
        assert isinstance(job, Job)
        world.table.record_crash(job.claim)
    assert world.row("a").crash_strikes == 1
    job = world.claimer.claim(file, message_id="m1", is_isolated=True)
    assert isinstance(job, Job)
    collector = _collector(world, job)
    collector.add(Page(number=1, text="layer", source=TextSource.TEXT_LAYER))
    assert world.row("a").crash_strikes == 1
    collector.add(_page(2, ocr_s=0.2))
    row = world.row("a")
    assert row.checkpoint is not None
    assert (row.crash_strikes, row.is_suspect, row.is_isolated) == (0, False, False)
    collector.add(_page(3, ocr_s=0.2))
    assert world.row("a").checkpoint == row.checkpoint
    # A death after that page is no strike.
    world.table.record_crash(job.claim)
    assert (world.row("a").crash_strikes, world.row("a").is_suspect) == (0, True)
