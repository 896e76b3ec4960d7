"""Furigana over every line of a page are left out; the reading lines of forms are kept."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import in_hex, not_embedded
from worker.extract.pdf.layer.order.characters import Character
from worker.extract.pdf.layer.order.readings import readings
from worker.extract.pdf.layer.text_layer import read_layer

pytestmark = pytest.mark.unit

_SIZE, _SMALL = 14, 6
_SENTENCES = (
    (
        ("権利", "けんり"),
        ("条約", "じょうやく"),
        ("に", ""),
        ("関", "かん"),
        ("する", ""),
        ("説明", "せつめい"),
    ),
    (("国", "くに"), ("は", ""), ("法律", "ほうりつ"), ("を", ""), ("作", "つく"), ("る。", "")),
    (("申請書", "しんせいしょ"), ("を", ""), ("提出", "ていしゅつ"), ("する", ""), ("人", "ひと")),
)
_NAMES = (
    ("山田太郎", "やまだたろう"),
    ("鈴木花子", "すずきはなこ"),
    ("佐藤次郎", "さとうじろう"),
    ("高橋", "たかはし"),
)
_WHOLE = ["権利条約に関する説明", "国は法律を作る。", "申請書を提出する人"]

_Piece = tuple[float, float, int, str]
"""Along the line, across it, size, text."""


def _sentence(line: tuple[tuple[str, str], ...], across: float) -> tuple[list[_Piece], list[_Piece]]:
    """The line, and its readings, each in the middle over what it is of."""
    base: list[_Piece] = []
    over: list[_Piece] = []
    along = 60.0
    for text, reading in line:
        base.append((along, across, _SIZE, text))
        width = _SIZE * len(text)
        if reading:
            over.append((along + (width - _SMALL * len(reading)) / 2, across + _SIZE, _SMALL, reading))
        along += width
    return base, over


def _text(folder: Path, pieces: list[_Piece], *, vertical: bool = False) -> list[str]:
    drawn = b" ".join(
        b"/F %d Tf 1 0 0 1 %.2f %.2f Tm %s Tj"
        % (size, *((400 + across, 800 - along) if vertical else (along, 700 + across)), in_hex(text))
        for along, across, size, text in pieces
    )
    encoding = b"UniJIS-UCS2-V" if vertical else b"UniJIS-UCS2-H"
    page = pypdfium2.PdfDocument(not_embedded(folder, b"BT %s ET" % drawn, encoding=encoding))[0]
    return read_layer(page).text.split("\n")


def _page(drawn: str) -> list[_Piece]:
    """Sentences with readings, drawn word by word, or the readings of a line before it or after it."""
    pieces: list[_Piece] = []
    for number, line in enumerate(_SENTENCES):
        base, over = _sentence(line, -34.0 * number)
        if drawn == "each after its word":
            words = [*base, *over]
            pieces += sorted(words, key=lambda piece: (round((piece[0] - 60) / _SIZE), -piece[2]))
        else:
            pieces += [*over, *base] if drawn == "before the line" else [*base, *over]
    return pieces


@pytest.mark.parametrize("vertical", [False, True], ids=["horizontal", "vertical"])
@pytest.mark.parametrize("drawn", ["each after its word", "before the line", "after the line"])
def test_readings_over_every_line_are_left_out(tmp_path: Path, drawn: str, vertical: bool) -> None:
    assert _text(tmp_path, _page(drawn), vertical=vertical) == _WHOLE


def test_the_reading_that_somebody_wrote_into_a_form_stays(tmp_path: Path) -> None:
    form: list[_Piece] = [
        (60, -124, _SMALL, "ふりがな"),
        (130, -124, _SMALL, "やまだたろう"),
        (60, -138, _SIZE, "氏名"),
        (122, -138, _SIZE, "山田太郎"),
    ]

    lines = _text(tmp_path, [*_page("before the line"), *form])

    assert lines[:3] == _WHOLE
    assert {"ふりがな", "やまだたろう"} <= set(" ".join(lines[3:]).split())


@pytest.mark.parametrize("label", ["フリガナ", "よみがな"])
def test_a_form_of_names_keeps_their_readings(tmp_path: Path, label: str) -> None:
    pieces: list[_Piece] = [(60, 30, _SMALL, label), (60, 16, _SIZE, "氏名")]
    for number, (name, reading) in enumerate(
        (
            ("山田太郎", "やまだたろう"),
            ("鈴木花子", "すずきはなこ"),
            ("佐藤次郎", "さとうじろう"),
            ("高橋", "たかはし"),
        )
    ):
        width, small = _SIZE * len(name), _SMALL * len(reading)
        pieces += [
            (150 + (width - small) / 2, 14 - 34 * number, _SMALL, reading),
            (150, -34 * number, _SIZE, name),
        ]

    text = "".join(_text(tmp_path, pieces))

    for reading in (label, *(reading for _, reading in _NAMES)):
        assert reading in text


def test_small_notes_of_kana_under_a_line_stay(tmp_path: Path) -> None:
    pieces = [*_page("after the line"), (60, -120, _SIZE, "住所を記入"), (60, -130, _SMALL, "くわしく")]

    assert _text(tmp_path, pieces) == [*_WHOLE, "住所を記入", "くわしく"]


def _character(text: str, along: float, across: float, size: float = 14.0) -> Character:
    return Character(text=text, along=along, across=across, size=size, length=size)


def test_a_page_of_many_characters_is_read_line_by_line() -> None:
    page = []
    for number in range(9_000):
        page += [
            _character(text, 60 + 14 * place, -30 * number) for place, text in enumerate("国の法律を決める")
        ]
        page += [_character("く", 64, 14 - 30 * number, 6), _character("ほ", 92, 14 - 30 * number, 6)]

    assert len(readings(page)) == 2 * 9_000


def test_a_line_of_many_characters_is_searched_for_its_texts_once() -> None:
    line = [_character("国" if place % 2 else "の", 14 * place, 0) for place in range(50_000)]
    over = [_character("く", 14 * place + 4, 14, 6) for place in range(1, 50_000, 2)]

    assert len(readings([*line, *over])) == 25_000


def test_kanji_upon_each_other_are_compared_up_to_a_bound() -> None:
    line = [_character("国", 100, 0) for _ in range(30_000)]
    over = [_character("く", 104 + 0.0001 * place, 14 + 10 * (place % 2) / 10, 6) for place in range(30_000)]

    assert readings([*line, *over]) == frozenset()
