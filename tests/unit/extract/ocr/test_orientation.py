"""In which turn and by which model a page is read, by what a sample of it gives."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from worker.extract.ocr.orientation import Way, way_to_read
from worker.extract.ocr.sample import Sample, sample_of
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit

_JAPANESE = "当四半期の売上高は過去最高を記録した"
_ENGLISH = "Revenue grew by twelve per cent over the previous year"
_TURNED_JAPANESE = "選溢上性鹿昌卿時民凡更十人人忍思"
_TURNED_ENGLISH = "sse5oJd UOOS UO Dessgd ShUJ SIII2HS EOOC USSIJSBU"


def _page(width: int = 300, height: int = 200) -> Image.Image:
    page = Image.new("L", (width, height), 255)
    for top in range(20, height - 20, 30):
        for left in range(20, width - 20, 14):
            ImageDraw.Draw(page).rectangle((left, top, left + 8, top + 12), fill=0)
    page.putpixel((0, 0), 1)
    return page


def _text(text: str, confidence: float) -> OcrText:
    words = tuple(
        Word(text=word, left=0, top=0, width=9, height=9, confidence=confidence) for word in text.split()
    )
    return OcrText.from_lines(
        [Line(words=words, left=0, top=0, width=9, height=9, opens_paragraph=False)] if words else []
    )


class _Reader:
    """Reads a picture by where its mark is, which shows the turn, and notes what it was asked."""

    def __init__(self, texts: dict[Way, tuple[str, float]], *, otherwise: tuple[str, float]) -> None:
        self._texts, self._otherwise = texts, otherwise
        self.asked: list[Way] = []

    def __call__(self, picture: Image.Image, model: str, psm: int) -> OcrText:
        assert psm == (5 if model.endswith("_vert") else 6)
        right, bottom = picture.width - 1, picture.height - 1
        corners = {(0, 0): 0, (right, 0): 90, (right, bottom): 180, (0, bottom): 270}
        degrees = next(turn for corner, turn in corners.items() if picture.getpixel(corner) == 1)
        way = Way(degrees=degrees, model=model)
        self.asked.append(way)
        return _text(*self._texts.get(way, self._otherwise))


def _way(reader: _Reader) -> Way:
    sample = Sample(picture=_page(), is_whole=True)
    return way_to_read(sample, first="jpn", languages=("jpn", "eng"), vertical=True, read=reader)


def test_a_convincing_text_ends_the_search() -> None:
    reader = _Reader({Way(degrees=0, model="jpn"): (_JAPANESE, 90.0)}, otherwise=("", 0.0))

    assert _way(reader) == Way(degrees=0, model="jpn")
    assert len(reader.asked) == 1


def test_latin_characters_call_for_the_other_model_before_any_turn() -> None:
    texts = {
        Way(degrees=0, model="jpn"): (_TURNED_ENGLISH, 50.0),
        Way(degrees=0, model="eng"): (_ENGLISH, 92.0),
    }
    reader = _Reader(texts, otherwise=(_TURNED_JAPANESE, 27.0))

    assert _way(reader) == Way(degrees=0, model="eng")
    assert [way.degrees for way in reader.asked] == [0, 0]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_found_in_its_turn(degrees: int) -> None:
    reader = _Reader(
        {Way(degrees=degrees, model="jpn"): (_JAPANESE, 88.0)}, otherwise=(_TURNED_JAPANESE, 20.0)
    )

    assert _way(reader) == Way(degrees=degrees, model="jpn")


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_vertical_page_is_found_in_its_turn(degrees: int) -> None:
    vertical = Way(degrees=degrees, model="jpn_vert")
    reader = _Reader({vertical: (_JAPANESE, 88.0)}, otherwise=(_TURNED_JAPANESE, 20.0))

    assert _way(reader) == vertical


def test_a_turn_that_is_hardly_better_is_not_taken() -> None:
    faint = Way(degrees=0, model="jpn"), Way(degrees=180, model="jpn")
    reader = _Reader(
        {faint[0]: (_JAPANESE, 50.0), faint[1]: (_JAPANESE, 56.0)}, otherwise=(_TURNED_JAPANESE, 20.0)
    )

    assert _way(reader) == faint[0]


def test_a_short_text_is_a_sample_as_a_whole_and_a_long_one_is_not() -> None:
    short, long = sample_of(_page()), sample_of(_page(1600, 2200))

    assert short is not None
    assert long is not None
    assert (short.is_whole, long.is_whole) == (True, False)
    assert long.picture.width * long.picture.height < 0.2 * 1600 * 2200


def test_there_is_no_sample_of_nothing() -> None:
    assert sample_of(Image.new("L", (300, 200), 255)) is None
