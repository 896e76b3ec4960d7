"""The state of a processor: saved by one, restored by another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from worker.document.artifacts import ArtifactStore
from worker.document.page_collector import PageCollector
from worker.models.page import Page, TextSource

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_what_one_worker_has_read_so_far_another_one_restores(world: World) -> None:
    job = world.claim(world.put("scan.pdf"))
    assert job.version is not None
    collector = PageCollector(
        job=job,
        version=job.version.version,
        store=world.store,
        table=world.table,
        metrics=world.metrics,
        interruption_expected=lambda: False,
    )
    with world.reader.open_documents.hold(job.claim, collector) as document:
        document.add(Page(number=4, text="page", source=TextSource.OCR, ocr_s=1.0))
        state = json.loads(json.dumps(world.processor.save_state()))
    other = replace(
        world.processor, store=ArtifactStore(world.storage, extraction_key="key"), table=world.other
    )
    assert other.restore_state(state) == {job.claim.file_id: (4,)}
    # The next attempt needs no state: the ledger names the same checkpoint.
    assert world.claim(world.message("scan.pdf")).checkpoint is not None


def test_without_a_document_in_progress_the_state_is_empty(world: World) -> None:
    assert world.processor.save_state() == {}
    assert world.processor.restore_state({}) == {}
