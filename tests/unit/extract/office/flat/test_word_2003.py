"""Word documents in the XML of Word 2003."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.office.flat.word_2003 import open_word_2003
from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_START = (
    '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" '
    'xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint" '
    'xmlns:aml="http://schemas.microsoft.com/aml/2001/core">'
)


def _open(folder: Path, body: str) -> PageSource:
    path = folder / "a.doc"
    path.write_text(f"{_START}<w:body>{body}</w:body></w:wordDocument>", encoding="utf-8")
    return open_word_2003(path, _OPTIONS)


def _text(folder: Path, body: str) -> str:
    (page,) = _open(folder, body).pages
    assert isinstance(page, Page)
    return page.text


def _run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_runs_are_one_line_and_headers_and_footers_beside_the_body(tmp_path: Path) -> None:
    section = (
        f'<w:sectPr><w:hdr w:type="odd"><w:p>{_run("社外秘")}</w:p></w:hdr>'
        f'<w:hdr w:type="first"><w:p>{_run("社外秘")}</w:p></w:hdr>'
        f'<w:ftr w:type="odd"><w:p>{_run("foot")}</w:p></w:ftr></w:sectPr>'
    )
    table = (
        f"<w:tbl><w:tr><w:tc><w:p>{_run('a')}</w:p></w:tc><w:tc><w:p>{_run('b')}</w:p></w:tc></w:tr></w:tbl>"
    )

    assert _text(tmp_path, f"<w:p>{_run('東京')}{_run('都')}</w:p>{table}{section}") == (
        "社外秘\n東京都\na\tb\nfoot"
    )


def test_deletions_are_left_out_and_notes_and_comments_follow_their_paragraph(tmp_path: Path) -> None:
    deletion = '<aml:annotation w:type="Word.Deletion"><aml:content>{0}</aml:content></aml:annotation>'
    insertion = deletion.replace("Deletion", "Insertion")
    comment = deletion.replace("Deletion", "Comment").format(f"<w:p>{_run('why?')}</w:p>")
    note = f"<w:r><w:footnote><w:p>{_run('a note')}</w:p></w:footnote></w:r>"
    changes = deletion.format(_run("old")) + insertion.format(_run("new"))

    assert _text(tmp_path, f"<w:p>{changes}{comment}{note}{_run(' text')}</w:p>") == "new text\nwhy?\na note"


@pytest.mark.parametrize(
    ("number", "expected"),
    [("第1条", "第1条 目的"), ("·", "目的"), ('l"/><wx:font wx:val="Wingdings', "目的")],
)
def test_a_number_is_the_one_that_word_saved(tmp_path: Path, number: str, expected: str) -> None:
    place = f'<w:pPr><w:listPr><w:ilvl w:val="0"/><wx:t wx:val="{number}"/></w:listPr></w:pPr>'

    assert _text(tmp_path, f"<w:p>{place}{_run('目的')}</w:p>") == expected


def test_pictures_are_files_in_the_document(tmp_path: Path) -> None:
    data = base64.encodebytes(b"the bytes of a picture").decode()
    picture = '<w:p><w:r><w:pict><w:binData w:name="wordml://{0}">{1}</w:binData></w:pict></w:r></w:p>'
    source = _open(tmp_path, picture.format("1.png", data) + picture.format("2.png", "A"))
    one, other = source.contained

    assert (one.name, one.open().read()) == ("1.png", b"the bytes of a picture")
    with pytest.raises(RejectedError, match=r"2\.png: damaged") as caught:
        other.open()
    assert caught.value.code is Code.CORRUPT
    (page,) = source.pages
    assert isinstance(page, Page)
    assert page.text == ""


def test_a_file_too_large_for_a_tree_is_left_to_the_reader_of_other_xml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.extract.office.flat.word_2003._MAX_TREE_BYTES", 100)

    with pytest.raises(RejectedError, match="larger than 100 bytes"):
        _open(tmp_path, "")
