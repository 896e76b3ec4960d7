"""`cis-worker publish`: a fleet takes over what a home has read, and reads nothing again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from worker.models.ledger import State
from worker.samples.scans import write_scan

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet
    from tests.e2e.ingest.conftest import Place

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _publish(fleet: Fleet, home: Path) -> dict[str, Any]:
    return fleet.run("publish", f"s3://{fleet.bucket}/nas/", "--home", str(home))


def test_a_fleet_indexes_a_published_home_without_ocr(
    place: Place, fleet: Fleet, until: Callable[..., None]
) -> None:
    write_scan(place.docs / "走査.pdf", 2, dpi=100, body=False)
    (place.docs / "メモ.txt").write_text("営業会議のメモ")
    assert place.ingest().status == 0
    assert _publish(fleet, place.home)["messages"] == 2
    keys = [f"nas{place.docs}/{name}" for name in ("走査.pdf", "メモ.txt")]
    worker = fleet.start()
    until(lambda: all(fleet.finished(key) for key in keys))
    worker.stop()
    assert [row.state for key in keys if (row := fleet.row(key)) is not None] == [State.INDEXED] * 2
    assert fleet.events("page_ocred") == []
    assert len(fleet.events("extraction_found")) == 2
    row = fleet.row(keys[0])
    assert row is not None
    with closing(fleet.index()) as index:
        document = index.document(row.file_id)
    assert document is not None
    assert document.file_path == str(place.docs / "走査.pdf")
    assert (len(document.pages), document.thumbnail_key is None) == (2, False)
    known = _publish(fleet, place.home)
    assert (known["known"], known["messages"], known["results"], known["originals"]) == (2, 0, 0, 0)
    assert known["same_reading"] is True
