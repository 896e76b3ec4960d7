"""Pages of open documents are saved from outside, as long as the file is this attempt's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.document.open_documents import OpenDocuments
from worker.document.page_collector import PageCollector
from worker.errors import UnavailableError
from worker.models.ledger import Job
from worker.models.page import Page, TextSource

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

PAGE = Page(number=1, text="page", source=TextSource.OCR, ocr_s=1.0)


def _collector(world: World, job: Job) -> PageCollector:
    assert job.version is not None
    return PageCollector(
        job=job,
        version=job.version.version,
        store=world.store,
        table=world.table,
        metrics=world.metrics,
        interruption_expected=lambda: False,
    )


def test_every_open_document_is_saved_and_none_that_is_closed(world: World) -> None:
    documents = OpenDocuments()
    first, second = (world.claim(world.put(key)) for key in ("a", "b"))
    with documents.hold(first.claim, _collector(world, first)) as one:
        one.add(PAGE)
        with documents.hold(second.claim, _collector(world, second)) as two:
            two.add(PAGE)
            assert two.mean_ocr_s == 1.0
            assert documents.save() == [first.claim, second.claim]
        assert documents.save() == [first.claim]
    assert documents.save() == []
    for key in ("a", "b"):
        checkpoint = world.row(key).checkpoint
        assert checkpoint is not None
        assert world.store.parts(checkpoint)[0].pages == (1,)


def test_a_file_that_another_attempt_owns_is_left_alone(world: World) -> None:
    documents, file = OpenDocuments(), world.put("a")
    job = world.claim(file)
    with documents.hold(job.claim, _collector(world, job)) as document:
        document.add(PAGE)
        world.claim(file)
        assert documents.save() == []
    assert world.row("a").checkpoint is None


def test_one_that_cannot_be_saved_does_not_keep_the_others_and_is_reported(world: World) -> None:
    documents = OpenDocuments()
    first, second = (world.claim(world.put(key)) for key in ("a", "b"))
    with (
        documents.hold(first.claim, _collector(world, first)) as one,
        documents.hold(second.claim, _collector(world, second)) as two,
    ):
        one.add(PAGE)
        two.add(PAGE)
        world.fail("s3", "PutObject", 3)
        with pytest.raises(UnavailableError):
            documents.save()
    assert world.row("a").checkpoint is None
    assert world.row("b").checkpoint is not None
