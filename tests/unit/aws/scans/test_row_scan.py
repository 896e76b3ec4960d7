"""All rows of the ledger, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.aws.scans.row_scan import RowScan

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_pages_follow_each_other_and_begin_anywhere(world: World) -> None:
    for number in range(7):
        world.claim(world.put(str(number)))
    scan = RowScan(client=world.clients.dynamodb, table="files", page_rows=3)
    pages = list(scan.pages(["file_id", "state"]))
    ids = [row["file_id"] for page in pages for row in page.rows]
    assert (len(set(ids)), pages[-1].after) == (7, None)
    assert set(pages[0].rows[0]) == {"file_id", "state"}
    rest = [row["file_id"] for page in scan.pages(["file_id"], after=pages[0].after) for row in page.rows]
    assert rest == ids[3:]
