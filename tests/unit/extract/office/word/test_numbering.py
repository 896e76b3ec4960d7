"""Numbers before paragraphs, as the lists of a document say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stand_ins.made_docx import docx_of, part
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.office.docx import open_docx
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _level(level: int, text: str, number_format: str = "decimal", more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="{start}"/><w:numFmt w:val="{number_format}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def _list(*levels: str, more: str = "", key: int = 0) -> str:
    return f'<w:abstractNum w:abstractNumId="{key}">{more}{"".join(levels)}</w:abstractNum>'


def _num(key: int = 1, abstract: int = 0, override: str = "") -> str:
    return f'<w:num w:numId="{key}"><w:abstractNumId w:val="{abstract}"/>{override}</w:num>'


def _item(text: str, level: int = 0, key: int = 1, more: str = "") -> str:
    place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{key}"/></w:numPr>'
    return f"<w:p><w:pPr>{place}{more}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def _lines(folder: Path, body: str, *lists: str, styles: str = "") -> list[str]:
    path = docx_of(
        folder, body, numbering=part("".join(lists), root="numbering"), styles=part(styles, root="styles")
    )
    (page,) = open_docx(path, _OPTIONS).pages
    assert isinstance(page, Page)
    return page.text.splitlines()


def test_articles_and_their_items_are_numbered_and_begin_again(tmp_path: Path) -> None:
    levels = (_level(0, "第%1条"), _level(1, "(%2)", "iroha"), _level(2, "%1-%2-%3"))
    body = _item("目的") + _item("甲", 1) + _item("乙", 1) + _item("細目", 2) + _item("定義") + _item("丙", 1)

    assert _lines(tmp_path, body, _list(*levels), _num()) == [
        *("第1条 目的", "(イ) 甲", "(ロ) 乙", "1-ロ-1 細目"),
        *("第2条 定義", "(イ) 丙"),
    ]


def test_a_level_begins_again_only_where_its_list_says_so(tmp_path: Path) -> None:
    never = _level(1, "%2.", more='<w:lvlRestart w:val="0"/>')
    body = _item("a") + _item("b", 1) + _item("c") + _item("d", 1)

    assert _lines(tmp_path, body, _list(_level(0, "%1."), never), _num()) == ["1. a", "1. b", "2. c", "2. d"]


def test_lists_of_one_form_count_on_and_an_override_begins_again(tmp_path: Path) -> None:
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    body = _item("a") + _item("b", key=2) + _item("c", key=3) + _item("d", key=3)
    lists = (_list(_level(0, "%1)")), _num(1), _num(2), _num(3, override=override))

    assert _lines(tmp_path, body, *lists) == ["1) a", "2) b", "5) c", "6) d"]


def test_bullets_and_paragraphs_taken_out_of_their_list_have_no_number(tmp_path: Path) -> None:
    lists = (_list(_level(0, "·", "bullet")), _list(_level(0, "%1."), key=1), _num(1), _num(2, 1))

    assert _lines(tmp_path, _item("a") + _item("b", key=0) + _item("c", key=9), *lists) == ["a", "b", "c"]


@pytest.mark.parametrize("link", ['<w:pStyle w:val="Head2"/>', ""])
def test_a_style_numbers_its_paragraphs(tmp_path: Path, link: str) -> None:
    level = "" if link else '<w:ilvl w:val="1"/>'
    styles = (
        '<w:style w:styleId="Head1"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        f'<w:style w:styleId="Head2"><w:pPr><w:numPr>{level}<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:styleId="Own"><w:basedOn w:val="Head2"/></w:style>'
    )
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{style}</w:t></w:r></w:p>'
        for style in ("Head1", "Head2", "Own", "Body")
    )
    levels = (_level(0, "第%1章", "japaneseCounting"), _level(1, "%1.%2", more=f"{link}<w:isLgl/>"))

    assert _lines(tmp_path, body, _list(*levels), _num(), styles=styles) == [
        *("第一章 Head1", "1.1 Head2", "1.2 Own", "Body"),
    ]


def test_a_list_may_be_that_of_a_style(tmp_path: Path) -> None:
    lists = (
        _list(_level(0, "%1.", "upperRoman"), more='<w:styleLink w:val="Legal"/>'),
        _list(more='<w:numStyleLink w:val="Legal"/>', key=1),
        _num(1, 1),
    )

    assert _lines(tmp_path, _item("a") + _item("b"), *lists) == ["I. a", "II. b"]


def test_a_custom_format_has_its_leading_zeros(tmp_path: Path) -> None:
    custom = (
        '<w:lvl w:ilvl="0"><mc:AlternateContent><mc:Choice Requires="w14">'
        '<w:numFmt w:val="custom" w:format="001, 002, ..."/></mc:Choice>'
        '<mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent>'
        '<w:suff w:val="nothing"/><w:start w:val="7"/><w:lvlText w:val="No.%1:"/></w:lvl>'
    )

    assert _lines(tmp_path, _item("a"), _list(custom), _num()) == ["No.007:a"]


def test_empty_paragraphs_count_and_those_deleted_by_a_tracked_change_do_not(tmp_path: Path) -> None:
    deleted = _item("", more="<w:rPr><w:del/></w:rPr>")
    was = '<w:pPrChange><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:pPrChange>'
    before = f"<w:p><w:pPr>{was}</w:pPr><w:r><w:t>free</w:t></w:r></w:p>"
    body = _item("a") + _item("") + deleted + before + _item("b")

    assert _lines(tmp_path, body, _list(_level(0, "%1.")), _num()) == ["1. a", "", "free", "3. b"]


def test_a_paragraph_that_was_moved_counts_where_it_is_now(tmp_path: Path) -> None:
    moved = _item("", more="<w:rPr><w:moveFrom/></w:rPr>")

    assert _lines(tmp_path, _item("a") + moved + _item("b"), _list(_level(0, "%1.")), _num()) == [
        *("1. a", "", "2. b")
    ]


def test_a_list_in_a_header_moves_no_article(tmp_path: Path) -> None:
    lists = part(_list(_level(0, "%1.")) + _num(), root="numbering")
    path = docx_of(tmp_path, _item("body"), numbering=lists, header1=part(_item("head"), root="hdr"))
    (page,) = open_docx(path, _OPTIONS).pages

    assert isinstance(page, Page)
    assert page.text.splitlines() == ["1. head", "1. body"]


def test_a_number_is_never_longer_than_word_writes_one(tmp_path: Path) -> None:
    custom = f'<w:numFmt w:val="custom" w:format="{"0" * 100_000}, 1"/><w:lvlText w:val="{"%1" * 60}"/>'
    lists = _list(f'<w:lvl w:ilvl="0"><w:start w:val="1"/>{custom}</w:lvl>')

    (line,) = _lines(tmp_path, _item("a"), lists, _num())
    assert len(line) <= 257


def test_numbers_stand_in_the_cells_of_tables(tmp_path: Path) -> None:
    body = f"<w:tbl><w:tr><w:tc>{_item('a')}</w:tc><w:tc>{_item('b')}</w:tc></w:tr></w:tbl>"

    assert _lines(tmp_path, body, _list(_level(0, "(%1)", "aiueo")), _num()) == ["(ア) a\t(イ) b"]


@pytest.mark.parametrize(
    "lists",
    [
        "<w:abstractNum>",
        _list(_level(0, "%1", start=9) + '<w:lvl w:ilvl="x"/>', more='<w:numStyleLink w:val="S"/>'),
        '<w:num w:numId="1"><w:abstractNumId w:val="none"/></w:num>',
    ],
    ids=["cut off", "invalid", "dangling"],
)
def test_damaged_lists_cost_their_numbers_and_no_text(tmp_path: Path, lists: str) -> None:
    styles = '<w:style w:styleId="A"><w:basedOn w:val="A"/></w:style>'
    body = _item("a", more='<w:pStyle w:val="A"/>') + '<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr></w:p>'

    assert _lines(tmp_path, body, lists, styles=styles) == ["a"]
