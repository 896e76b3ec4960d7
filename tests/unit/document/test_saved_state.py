"""A saved state is usable by any worker with the same settings, and by no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from worker.document.artifacts import ArtifactStore
from worker.document.saved_state import load_state, to_state
from worker.models.ledger import Checkpoint
from worker.models.page import Page, TextSource

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def _saved(world: World) -> dict[str, str]:
    job = world.claim(world.put("a"))
    assert job.version is not None
    pages = [Page(number=number, text="page", source=TextSource.OCR) for number in (1, 3)]
    part = world.store.save_part(job.claim.file_id, job.version.version, pages)
    world.table.save_checkpoint(
        job.claim, Checkpoint(version=job.version.version, extraction_key="key", parts=(part,))
    )
    return to_state([job.claim], world.table)


def test_another_worker_finds_the_pages(world: World) -> None:
    state = json.loads(json.dumps(_saved(world)))
    file_id = world.message("a").file_id
    assert load_state(state, ArtifactStore(world.storage, extraction_key="key")) == {file_id: (1, 3)}


def test_one_with_other_settings_reads_them_again(world: World) -> None:
    store = ArtifactStore(world.storage, extraction_key="other")
    assert load_state(_saved(world), store) == {world.message("a").file_id: ()}


def test_what_is_no_state_is_left_out_with_a_warning(world: World) -> None:
    with capture_logs() as lines:
        assert load_state({"a": "{", "b": "{}", "c": "[]"}, world.store) == {}
    assert [line["event"] for line in lines] == ["state_unreadable"] * 3


def test_a_file_without_a_checkpoint_has_no_state(world: World) -> None:
    assert to_state([world.claim(world.put("a")).claim], world.table) == {}
