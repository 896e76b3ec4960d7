"""Furigana do not interrupt the sentences of a PDF page."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import in_hex, not_embedded
from worker.extract.pdf.layer.order.characters import Character, read_characters, text_of
from worker.extract.pdf.layer.order.furigana import drop_furigana, furigana_runs
from worker.extract.pdf.layer.text_layer import read_layer

pytestmark = pytest.mark.unit

_Piece = tuple[int, int, int, str]
"""Left and bottom in points, size, text."""


def _page(folder: Path, *pieces: _Piece, encoding: bytes = b"UniJIS-UCS2-H") -> pypdfium2.PdfPage:
    drawn = b" ".join(
        b"/F %d Tf 1 0 0 1 %d %d Tm %s Tj" % (size, x, y, in_hex(text)) for x, y, size, text in pieces
    )
    return pypdfium2.PdfDocument(not_embedded(folder, b"BT %s ET" % drawn, encoding=encoding))[0]


def _text(page: pypdfium2.PdfPage) -> list[str]:
    return text_of(drop_furigana(read_characters(page, page.get_textpage()))).split("\r\n")


@pytest.mark.parametrize("reading_first", [True, False])
def test_a_line_with_furigana_is_whole(tmp_path: Path, reading_first: bool) -> None:
    reading, base = (100, 711, 5, "ねこ"), (100, 700, 10, "猫")
    middle = (reading, base) if reading_first else (base, reading)
    page = _page(
        tmp_path, (70, 700, 10, "吾輩は"), *middle, (110, 700, 10, "である。"), (70, 680, 10, "次の行")
    )

    assert _text(page) == ["吾輩は猫である。", "次の行"]


def test_a_column_with_furigana_is_whole(tmp_path: Path) -> None:
    line = "である。名前はまだ無い。どこで"
    pieces = ((300, 700, 10, "吾輩は"), (308, 670, 5, "ねこ"), (300, 670, 10, "猫"), (300, 660, 10, line))

    assert read_layer(_page(tmp_path, *pieces, encoding=b"UniJIS-UCS2-V")).text == f"吾輩は猫{line}"


@pytest.mark.parametrize(
    "pieces",
    [
        ((70, 711, 5, "やまだたろう"), (70, 700, 10, "山田太郎")),
        ((70, 740, 10, "申請書"), (70, 711, 5, "ふりがな"), (70, 700, 10, "氏名")),
        ((70, 720, 10, "一行目"), (70, 700, 10, "カタカナ"), (70, 680, 10, "三行目")),
        ((70, 700, 10, "本文"), (90, 704, 5, "注"), (95, 700, 10, "続き")),
    ],
    ids=["a reading over a name", "a label of a form", "an ordinary line", "a raised character"],
)
def test_what_interrupts_no_line_is_kept(tmp_path: Path, pieces: tuple[_Piece, ...]) -> None:
    page = _page(tmp_path, *pieces)

    assert _text(page) == page.get_textpage().get_text_bounded().split("\r\n")


def test_only_small_kana_near_their_line_are_furigana() -> None:
    def characters(size: float, across: float, along: float = 10.0, text: str = "ね") -> list[Character]:
        places = (("は", 0.0, 0.0, 10.0), (text, along, across, size), ("猫", 10.0, 0.0, 10.0))
        return [Character(text=char, along=x, across=y, size=height) for char, x, y, height in places]

    assert list(furigana_runs(characters(5, 10))) == [range(1, 2)]
    for other in (
        characters(8, 10),
        characters(5, 2),
        characters(5, 30),
        characters(5, 10, 90),
        characters(5, 10, text="字"),
    ):
        assert list(furigana_runs(other)) == []


def _column(*pieces: tuple[str, float, float, float, str]) -> list[Character]:
    """Characters of a page: text, place along the line, place across it, size, what is before."""
    return [
        Character(text=text, along=along, across=across, size=size, before=before)
        for text, along, across, size, before in pieces
    ]


@pytest.mark.parametrize(
    ("next_place", "between"),
    [((10.0, 0.0), ""), ((80.0, 0.0), "\n"), ((0.0, -20.0), "\n")],
    ids=["the line goes on", "after a gap", "on the next line"],
)
def test_what_separates_the_characters_around_furigana_is_kept(
    next_place: tuple[float, float], between: str
) -> None:
    along, across = next_place
    before = ("名", 0.0, 0.0, 10.0, "")
    reading, after = ("た", 10.0, 8.0, 5.0, "\n"), ("太", along, across, 10.0, "\n")
    base = ("太", 10.0, 0.0, 10.0, "")

    characters = _column(before, reading, after) if along == 10.0 else _column(before, base, after)

    assert text_of(drop_furigana(characters)).endswith(f"{between}太")
