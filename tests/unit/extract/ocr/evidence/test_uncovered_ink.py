"""Titles that the layout analysis left out are found by their ink."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from worker.extract.ocr.evidence.uncovered_ink import read_uncovered_ink
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit

_SIDE_PX = 64
_TITLE_LEFTS = (200, 330, 460, 590)


def _page() -> Image.Image:
    """Four characters far apart over two lines of small ones."""
    page = Image.new("L", (1000, 600), 250)
    draw = ImageDraw.Draw(page)
    for left in _TITLE_LEFTS:
        for row in range(0, _SIDE_PX, 16):
            draw.rectangle((left, 60 + row, left + _SIDE_PX, 66 + row), fill=20)
        draw.rectangle((left + 30, 60, left + 36, 60 + _SIDE_PX), fill=20)
    for top in (250, 320):
        for left in range(100, 800, 28):
            draw.rectangle((left, top, left + 18, top + 24), outline=20, width=3)
    return page


def _line(text: str, left: int, top: int, width: int, height: int, confidence: float = 93.0) -> Line:
    word = Word(text=text, left=left, top=top, width=width, height=height, confidence=confidence)
    return Line(words=(word,), left=left, top=top, width=width, height=height, opens_paragraph=False)


_BODY = OcrText.from_lines(
    [_line("下記のとおりご請求", 100, 250, 700, 26), _line("申し上げます", 100, 320, 700, 26)]
)


class _Reader:
    def __init__(self, text: str, confidence: float = 93.0, *, psm: int = 7) -> None:
        self.text, self.confidence, self.psm = text, confidence, psm
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, picture: Image.Image, psm: int) -> OcrText:
        self.sizes.append(picture.size)
        if psm != self.psm:
            return OcrText.from_lines([])
        return OcrText.from_lines([_line(self.text, 0, 0, 90, 40, self.confidence)])


def test_a_title_outside_the_lines_is_read_in_its_place() -> None:
    reader = _Reader("御請求書")

    found = read_uncovered_ink(_page(), _BODY, reader)

    assert [line.text for line in found.lines] == ["御請求書", "下記のとおりご請求", "申し上げます"]
    title = found.lines[0]
    assert title.left <= _TITLE_LEFTS[0]
    assert title.left + title.width >= _TITLE_LEFTS[-1] + _SIDE_PX
    # Wide gaps are closed: four characters of 48 px, and little between them.
    assert len(reader.sizes) == 1
    assert reader.sizes[0][0] < 330


def test_the_first_character_of_a_title_is_joined_to_the_rest() -> None:
    rest = _line("請求書", _TITLE_LEFTS[1], 60, 324, _SIDE_PX)

    found = read_uncovered_ink(_page(), OcrText.from_lines([rest, *_BODY.lines]), _Reader("御請求書"))

    assert [line.text for line in found.lines][:2] == ["御請求書", "下記のとおりご請求"]


@pytest.mark.parametrize(("text", "confidence"), [("", 0.0), ("昌卿凡更", 95.0), ("御請求書", 30.0)])
def test_what_does_not_read_well_is_left_out(text: str, confidence: float) -> None:
    assert read_uncovered_ink(_page(), _BODY, _Reader(text, confidence)) is _BODY


def test_a_page_whose_ink_is_all_in_lines_is_not_read_again() -> None:
    title = _line("御請求書", _TITLE_LEFTS[0], 60, 460, _SIDE_PX)
    text, reader = OcrText.from_lines([title, *_BODY.lines]), _Reader("御請求書")

    assert read_uncovered_ink(_page(), text, reader) is text
    assert not reader.sizes


def test_a_line_that_only_the_raw_mode_reads_is_read() -> None:
    found = read_uncovered_ink(_page(), _BODY, _Reader("御請求書", psm=13))

    assert found.lines[0].text == "御請求書"


def test_a_line_read_as_one_character_covers_nothing() -> None:
    unread = _line("0", 100, 250, 700, 26)
    text = OcrText.from_lines([_line("御請求書", _TITLE_LEFTS[0], 60, 460, _SIDE_PX), unread, _BODY.lines[1]])

    found = read_uncovered_ink(_page(), text, _Reader("下記のとおりご請求"))

    assert [line.text for line in found.lines] == ["御請求書", "下記のとおりご請求", "申し上げます"]


def test_a_whole_line_takes_no_line_of_the_column_beside_it() -> None:
    left, right = _line("左の段の文章が続いている", 100, 250, 320, 26), _line("右", 450, 250, 9, 9)
    rest = [_line("御請求書", _TITLE_LEFTS[0], 60, 460, _SIDE_PX), _BODY.lines[1]]
    page = _page()
    ImageDraw.Draw(page).rectangle((425, 240, 440, 290), fill=250)

    found = read_uncovered_ink(page, OcrText.from_lines([left, right, *rest]), _Reader("右の段の長い文章"))

    assert "左の段の文章が続いている" in [line.text for line in found.lines]
    assert "右の段の長い文章" in [line.text for line in found.lines]


def test_a_line_comes_behind_the_one_above_it_in_its_column() -> None:
    page = _page()
    ImageDraw.Draw(page).rectangle((0, 0, 999, 200), fill=250)
    for top in (400, 470):  # a second column, of which the layout has left out the lower line
        for left in range(560, 880, 28):
            ImageDraw.Draw(page).rectangle((left, top, left + 18, top + 24), outline=20, width=3)
    right = _line("右の段の一行目です", 560, 400, 320, 26)
    lower = [_line("左の段の三行目です", 100, 480, 320, 26), _line("左の段の四行目です", 100, 540, 320, 26)]

    found = read_uncovered_ink(
        page, OcrText.from_lines([*_BODY.lines, *lower, right]), _Reader("右の段の二行目です")
    )

    assert [line.text for line in found.lines][-2:] == ["右の段の一行目です", "右の段の二行目です"]
