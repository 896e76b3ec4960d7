"""Which lines are read again, and which text is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from PIL import Image

from worker.extract.ocr.line_rerecognition import LineReader, LineRerecognition, rerecognise_lines
from worker.extract.ocr.network.cells import Box
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit

_OPTIONS = LineRerecognition(confidence=80.0, max_lines=40, max_pixels=10**6)
_PAGE = Image.new("L", (800, 600), 255)


def _line(text: str, confidence: float, *, row: int = 0, size_px: tuple[int, int] = (400, 30)) -> Line:
    width, height = size_px
    word = Word(text=text, left=100, top=100 + 50 * row, width=width, height=height, confidence=confidence)
    return Line(words=(word,), left=100, top=word.top, width=width, height=height, opens_paragraph=row == 0)


def _page(*lines: tuple[str, float]) -> OcrText:
    return OcrText.from_lines(
        [_line(text, confidence, row=row) for row, (text, confidence) in enumerate(lines)]
    )


def _reader(text: str, confidence: float) -> LineReader:
    """Reads every line alike."""

    def read(_page: Image.Image, boxes: Sequence[Box]) -> list[tuple[Word, ...]]:
        return [
            (Word(text=text, left=0, top=0, width=9, height=9, confidence=confidence),) if text else ()
            for _ in boxes
        ]

    return read


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (("営業報告書", 95.0), "営業報告書"),
        (("営業報告書", 60.0), "営業報吉書"),
        (("営業", 99.0), "営業報吉書"),
        (("", 0.0), "営業報吉書"),
    ],
    ids=["surer", "less sure", "far shorter", "nothing"],
)
def test_the_text_of_the_higher_confidence_is_kept(answer: tuple[str, float], kept: str) -> None:
    ocr_text, count = rerecognise_lines(_PAGE, _page(("営業報吉書", 70.0)), _OPTIONS, read=_reader(*answer))

    assert ocr_text.text == kept
    assert count == (kept == "営業報告書")


def test_sure_lines_are_not_read_again() -> None:
    page = _page(("売上高は増加した", 95.0), ("契約件数", 79.0))
    seen: list[Box] = []

    def read(picture: Image.Image, boxes: Sequence[Box]) -> Sequence[tuple[Word, ...]]:
        seen.extend(boxes)
        return _reader("契約件数は", 99.0)(picture, boxes)

    ocr_text, count = rerecognise_lines(_PAGE, page, _OPTIONS, read=read)

    assert count == 1
    assert seen == [Box(left=100, top=150, width=400, height=30)]
    assert ocr_text.text == "売上高は増加した\n契約件数は"
    assert ocr_text.confidence == pytest.approx(96.5, abs=0.1)


@pytest.mark.parametrize("size_px", [(30, 400), (400, 6)], ids=["vertical", "six pixels high"])
def test_only_horizontal_lines_are_read_again(size_px: tuple[int, int]) -> None:
    page = OcrText.from_lines([_line("文章です", 20.0, size_px=size_px)])

    assert rerecognise_lines(_PAGE, page, _OPTIONS, read=_reader("違う文章", 99.0)) == (page, 0)


# A line of 400 x 30 px is 640 x 48 for the network.
@pytest.mark.parametrize("limit", [{"max_lines": 2}, {"max_pixels": 70_000}], ids=["lines", "pixels"])
def test_the_least_sure_lines_come_first_until_a_limit_ends_the_pass(limit: dict[str, int]) -> None:
    ocr_text, count = rerecognise_lines(
        _PAGE,
        _page(("aaaaaa", 70), ("bbbbbb", 30), ("cccccc", 50)),
        replace(_OPTIONS, **limit),
        read=_reader("better", 99.0),
    )

    assert (ocr_text.text, count) == ("aaaaaa\nbetter\nbetter", 2)


def test_of_equally_unsure_lines_the_upper_ones_are_read() -> None:
    ocr_text, _ = rerecognise_lines(
        _PAGE,
        _page(("aaaaaa", 50), ("bbbbbb", 50), ("cccccc", 50)),
        replace(_OPTIONS, max_lines=1),
        read=_reader("better", 99.0),
    )

    assert ocr_text.text == "better\nbbbbbb\ncccccc"
