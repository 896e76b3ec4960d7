"""Word documents that are damaged or hostile."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest

from tests.stand_ins.made_docx import archive_of, docx_of, paragraph, part
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.office.docx import open_docx
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def _page(path: Path, options: ReadOptions = _OPTIONS) -> Page:
    (page,) = open_docx(path, options).pages
    assert isinstance(page, Page)
    return page


def _text(path: Path) -> str:
    return _page(path).text


def test_external_entities_are_never_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    xml = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>' + part(paragraph("before &x; after"))
    path = archive_of(tmp_path / "a.docx", {"word/document.xml": xml})

    assert "secret" not in _text(path)


def test_nested_entities_are_not_expanded(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    xml = f'<!DOCTYPE d [<!ENTITY e0 "lol">{levels}]>' + part(paragraph("&e9;"))
    path = archive_of(tmp_path / "a.docx", {"word/document.xml": xml})

    assert _rejection(path) is Code.CORRUPT


def test_text_before_a_damaged_place_is_kept_with_the_reason(tmp_path: Path) -> None:
    path = archive_of(
        tmp_path / "a.docx", {"word/document.xml": part(paragraph("Kept") + "<w:p><w:r>")[:-20]}
    )

    page = _page(path)

    assert (page.text, page.reason) == ("Kept", Code.CORRUPT)


def test_text_over_the_limit_is_cut_with_a_reason(tmp_path: Path) -> None:
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=3))

    page = _page(docx_of(tmp_path, paragraph("営業報告書")), options)

    assert (page.text, page.reason) == ("営業報", Code.TOO_LARGE)


def _rejection(path: Path) -> Code:
    with pytest.raises(RejectedError, match=path.name) as caught:
        open_docx(path, _OPTIONS)
    return caught.value.code


@pytest.mark.parametrize(
    "document",
    ["<w:document", "no xml", part("<w:p>" * 5 + "</w:p>"), "<a>" * 2000 + "</a>" * 2000],
    ids=["truncated", "text", "unbalanced", "deep"],
)
def test_a_document_that_is_no_xml_is_corrupt(tmp_path: Path, document: str) -> None:
    assert _rejection(archive_of(tmp_path / "a.docx", {"word/document.xml": document})) is Code.CORRUPT


def test_an_archive_without_a_document_is_corrupt(tmp_path: Path) -> None:
    assert _rejection(archive_of(tmp_path / "a.docx", {"word/styles.xml": "<a/>"})) is Code.CORRUPT


def test_a_truncated_archive_is_corrupt(tmp_path: Path) -> None:
    path = docx_of(tmp_path, paragraph("Hello"))
    path.write_bytes(path.read_bytes()[:200])

    assert _rejection(path) is Code.CORRUPT


def test_a_damaged_part_is_corrupt(tmp_path: Path) -> None:
    path = docx_of(tmp_path, paragraph("Hello" * 50))
    data = bytearray(path.read_bytes())
    start = data.index(b"word/document.xml") + len("word/document.xml")
    data[start : start + 20] = bytes(20)
    path.write_bytes(data)

    assert _rejection(path) is Code.CORRUPT


def test_compressible_text_of_ordinary_size_is_no_bomb(tmp_path: Path) -> None:
    body = paragraph("同じ文。" * 250) * 1000

    assert len(_text(docx_of(tmp_path, body))) > 1_000_000


def test_a_document_written_by_a_library_survives_a_dangling_link(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Hello")
    document.save(buffer)
    path = tmp_path / "dangling.docx"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if not name.startswith(("word/theme", "word/styles")):
                new.writestr(name, old.read(name))

    assert _text(path) == "Hello"
