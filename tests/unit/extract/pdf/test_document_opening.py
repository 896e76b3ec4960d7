"""PDFs that need a password, are damaged, or have a page tree that is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests.stand_ins.made_pdfs import (
    pdf,
    raw_pdf,
    tree,
    write,
)
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.page_source import LayeredPage
from worker.extract.pdf.document import open_pdf
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _blank(_canvas: Canvas) -> None:
    pass


def _items(path: Path, options: ReadOptions = _OPTIONS) -> list[Page | LayeredPage | int]:
    return list(open_pdf(path, options).pages)


def test_a_file_that_needs_a_password_is_encrypted(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("secret"), encrypt=StandardEncryption("pässwört", ownerPassword="owner"))

    with pytest.raises(RejectedError, match=r"a\.pdf") as caught:
        open_pdf(path, _OPTIONS)

    assert caught.value.code is Code.ENCRYPTED


def test_an_owner_password_alone_does_not_matter(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("open to all"), encrypt=StandardEncryption("", ownerPassword="owner"))

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "open to all"


def test_passwords_are_not_shown_with_the_options() -> None:
    assert "pässwört" not in repr(replace(_OPTIONS, pdf_passwords=("pässwört",)))


@pytest.mark.parametrize(
    "objects",
    [
        {1: b"<</Type/Catalog>>"},
        {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[]/Count 0>>"},
        {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>"},
    ],
    ids=["no tree", "no pages", "pages missing"],
)
def test_a_file_without_a_page_is_corrupt(tmp_path: Path, objects: dict[int, bytes]) -> None:
    with pytest.raises(RejectedError, match=r"raw\.pdf") as caught:
        open_pdf(raw_pdf(tmp_path, objects), _OPTIONS)

    assert caught.value.code is Code.CORRUPT


def test_the_password_error_of_the_file_before_is_not_reported_for_one_without_pages(tmp_path: Path) -> None:
    locked = pdf(tmp_path, _blank, encrypt=StandardEncryption("user", ownerPassword="owner"))
    empty = raw_pdf(tmp_path, {1: b"<</Type/Catalog>>"})

    codes = []
    for path in (locked, empty):
        with pytest.raises(RejectedError) as caught:
            open_pdf(path, _OPTIONS)
        codes.append(caught.value.code)

    assert codes == [Code.ENCRYPTED, Code.CORRUPT]


def test_invalid_data_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "invalid.pdf"
    path.write_bytes(b"%PDF-1.4\n" + bytes(500))

    with pytest.raises(RejectedError) as caught:
        open_pdf(path, _OPTIONS)

    assert caught.value.code is Code.CORRUPT


def test_a_damaged_table_of_objects_is_rebuilt(tmp_path: Path) -> None:
    path = pdf(tmp_path, write("Hello, world"))
    path.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n9"))

    (page,) = _items(path)

    assert isinstance(page, Page)
    assert page.text == "Hello, world"


def _without_page_2(folder: Path, count: int) -> Path:
    return tree(folder, b"3 0 R 9 0 R 4 0 R", count=count)


def test_a_page_that_cannot_be_parsed_costs_only_itself(tmp_path: Path) -> None:
    pages = _items(_without_page_2(tmp_path, 3))

    lost = Page(number=2, text="", source=TextSource.FAILED, reason=Code.CORRUPT)
    assert lost in pages
    assert [page.number for page in pages if isinstance(page, Page) and not page.source.is_failure] == [1, 3]


def test_a_page_count_that_is_far_too_high_comes_to_an_end(tmp_path: Path) -> None:
    pages = _items(_without_page_2(tmp_path, 900_000))

    assert 3 < len(pages) < 200


@pytest.mark.parametrize("kids", [b"2 0 R 3 0 R", b"3 0 R 3 0 R 2 0 R"], ids=["at once", "in the end"])
def test_a_page_tree_that_contains_itself_comes_to_an_end(tmp_path: Path, kids: bytes) -> None:
    assert len(_items(tree(tmp_path, kids, count=1_000))) < 200


def test_a_page_tree_that_repeats_one_page_is_read_up_to_a_limit_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.extract.pdf.document._MAX_PAGES", 50)
    source = open_pdf(tree(tmp_path, b"3 0 R " * 60, count=60), _OPTIONS)

    *others, last = source.pages

    assert source.page_count == 50
    assert len(others) == 49
    assert last == Page(number=50, text="", source=TextSource.NOT_READ, reason=Code.TOO_MANY_PAGES)
