"""A document that a limit has cut is whole once the limit is raised: `cis-worker rerun --unread CODE`."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KEY = "scan.tif"


def _frame(size: tuple[int, int], text: str) -> Image.Image:
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((30, 40), text, fill=0, font_size=60)
    return image


def _two_frames() -> bytes:
    """A small frame, and one of more pixels."""
    data = io.BytesIO()
    large = _frame((900, 300), "ANNUAL REPORT")
    _frame((500, 160), "SUMMARY").save(data, "TIFF", save_all=True, append_images=[large])
    return data.getvalue()


def _rerun(fleet: Fleet, code: str) -> int:
    return int(fleet.run("rerun", "--unread", code)["sent"])


def test_a_document_cut_by_a_limit_is_whole_in_the_index_after_its_rerun(
    fleet: Fleet, until: Callable[..., None]
) -> None:
    worker = fleet.start(CIS_LANGUAGES="eng", CIS_MAX_PIXELS="100000")
    fleet.put(KEY, _two_frames())
    until(lambda: fleet.finished(KEY))
    cut = fleet.row(KEY)
    assert cut is not None
    assert (cut.state, dict(cut.unread.counts)) == (State.PARTIAL, {"too_many_pixels": 1})
    worker.stop()

    worker = fleet.start("roomy", CIS_LANGUAGES="eng")
    assert _rerun(fleet, "timeout") == 0
    assert _rerun(fleet, "too_many_pixels") == 1
    until(lambda: (row := fleet.row(KEY)) is not None and row.is_finished and row.fence > cut.fence)
    whole = fleet.row(KEY)
    worker.stop()

    assert whole is not None
    assert (whole.state, whole.reason, dict(whole.unread.counts)) == (State.INDEXED, None, {})
    with closing(fleet.index()) as index:
        found = index.search("ANNUAL REPORT", limit=10)
        assert [(hit.file_name, hit.page) for hit in found.hits] == [(KEY, 2)]
        assert index.search("SUMMARY", limit=10).total == 1
