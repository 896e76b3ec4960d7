from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from worker.demo.run_record import DemoDocument, Search
from worker.demo.searches import planned_searches, run_search
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource
from worker.samples.write import Sample

pytestmark = pytest.mark.unit


def test_the_first_hit_has_the_picture_of_its_page_with_a_box(tmp_path: Path) -> None:
    path = tmp_path / "fax.tiff"
    Image.new("L", (400, 400), 255).save(path)
    page = Page(
        number=1,
        text="tiles",
        source=TextSource.OCR,
        words='[["tiles", 40, 40, 80, 20, 90]]',
        width_px=400,
        height_px=400,
    )
    sample = Sample(path=path, kind="letters", file_type=FileType.TIFF, page_truths=("tiles",))
    document = Document(
        file_id="f", bucket="b", key="fax.tiff", file_name="fax.tiff", file_path="/fax.tiff", size_bytes=1,
        file_type=FileType.TIFF, state=State.INDEXED, pages=(page,),
    )  # fmt: skip
    with closing(SqliteIndex(tmp_path / "index.sqlite")) as index:
        index.index_document(document, version=1)
        stored = DemoDocument(sample=sample, file_id="f", document=document, stored_pages=(page,))
        found = run_search(Search(query="tiles", expected_file="fax.tiff"), index, [stored])
        nothing = run_search(Search(query="nowhere", expected_file="fax.tiff"), index, [stored])
        unknown = run_search(Search(query="tiles", expected_file="fax.tiff"), index, [])

    assert found.is_found
    assert found.picture is not None
    assert [(round(box.left, 2), round(box.width, 2)) for box in found.picture.boxes] == [(0.1, 0.2)]
    assert (nothing.picture, unknown.picture) == (None, None)
    assert unknown.total == 1


def test_the_last_search_is_of_a_page_that_is_read_after_the_interruption() -> None:
    scan = Sample(path=Path("scan.pdf"), kind="scan", file_type=FileType.PDF, page_truths=("",) * 12)
    last = planned_searches(scan)[-1]
    assert (last.expected_file, last.expected_page) == ("scan.pdf", 9)
