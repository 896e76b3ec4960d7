"""Which lines are read again, and which text is kept."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from worker.extract.ocr.line_rerecognition import LineRerecognition, rerecognise_lines
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
    ocr_text, count = rerecognise_lines(
        _PAGE, _page(("営業報吉書", 70.0)), _OPTIONS, read=lambda _line: answer
    )

    assert ocr_text.text == kept
    assert count == (kept == "営業報告書")


@pytest.mark.parametrize(
    ("first", "answer", "kept"),
    [
        ("産業自書の内容", "產業白書の內容", "産業白書の内容"),
        ("1月の産業自書", "1 月の產業白書", "1月の産業白書"),
        ("产业自书", "產業白書", "產業白書"),
        ("業自書", "產業白書", "產業白書"),
        ("caf6 価格", "café 価格", "café価格"),
    ],
    ids=["Japanese", "with a space", "Chinese", "nothing beside it", "other letters"],
)
def test_chinese_forms_of_kanji_become_japanese_ones(first: str, answer: str, kept: str) -> None:
    ocr_text, _ = rerecognise_lines(_PAGE, _page((first, 70.0)), _OPTIONS, read=lambda _line: (answer, 95.0))

    assert ocr_text.text == kept


def test_sure_lines_are_not_read_again() -> None:
    page = _page(("売上高は増加した", 95.0), ("契約件数", 79.0))
    sizes: list[tuple[int, int]] = []

    def read(line: Image.Image) -> tuple[str, float]:
        sizes.append(line.size)
        return "契約件数は", 99.0

    ocr_text, count = rerecognise_lines(_PAGE, page, _OPTIONS, read=read)

    assert len(sizes) == count == 1
    assert ocr_text.text == "売上高は増加した\n契約件数は"
    assert ocr_text.confidence == pytest.approx(96.5, abs=0.1)


@pytest.mark.parametrize("size_px", [(30, 400), (400, 6)], ids=["vertical", "six pixels high"])
def test_only_horizontal_lines_are_read_again(size_px: tuple[int, int]) -> None:
    page = OcrText.from_lines([_line("文章です", 20.0, size_px=size_px)])

    assert rerecognise_lines(_PAGE, page, _OPTIONS, read=lambda _line: ("違う文章", 99.0)) == (page, 0)


# A line of 400 x 30 px is 640 x 48 for the network.
@pytest.mark.parametrize("limit", [{"max_lines": 2}, {"max_pixels": 70_000}], ids=["lines", "pixels"])
def test_the_least_sure_lines_come_first_until_a_limit_ends_the_pass(limit: dict[str, int]) -> None:
    ocr_text, count = rerecognise_lines(
        _PAGE,
        _page(("aaaaaa", 70), ("bbbbbb", 30), ("cccccc", 50)),
        replace(_OPTIONS, **limit),
        read=lambda _line: ("better", 99.0),
    )

    assert (ocr_text.text, count) == ("aaaaaa\nbetter\nbetter", 2)


def test_of_equally_unsure_lines_the_upper_ones_are_read() -> None:
    ocr_text, _ = rerecognise_lines(
        _PAGE,
        _page(("aaaaaa", 50), ("bbbbbb", 50), ("cccccc", 50)),
        replace(_OPTIONS, max_lines=1),
        read=lambda _line: ("better", 99.0),
    )

    assert ocr_text.text == "better\nbbbbbb\ncccccc"


def test_the_line_is_cut_out_with_a_margin_that_stays_on_the_page() -> None:
    sizes: list[tuple[int, int]] = []

    def read(line: Image.Image) -> tuple[str, float]:
        sizes.append(line.size)
        return "", 0.0

    rerecognise_lines(Image.new("L", (503, 600), 255), _page(("文章", 10.0)), _OPTIONS, read=read)

    assert sizes == [(407, 38)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Annual report", ["Annual", "report"]),
        ("営業 報告", ["営業報告"]),
        ("売上 Sales", ["売上Sales"]),
        ("  one   two ", ["one", "two"]),
    ],
    ids=["Latin", "Japanese", "both", "many spaces"],
)
def test_spaces_separate_latin_words_only(text: str, words: list[str]) -> None:
    ocr_text, _ = rerecognise_lines(_PAGE, _page(("xx", 10.0)), _OPTIONS, read=lambda _line: (text, 99.0))

    assert [word.text for word in ocr_text.words] == words
    boxes = [(word.left, word.left + word.width) for word in ocr_text.words]
    assert boxes[0][0] == 100
    assert boxes[-1][1] == 500
    assert all(first[1] < second[0] for first, second in itertools.pairwise(boxes))


def test_cells_of_a_row_are_read_one_by_one() -> None:
    page = _PAGE.copy()
    draw = ImageDraw.Draw(page)
    for left, right in ((100, 180), (260, 300), (400, 490)):
        draw.rectangle((left, 105, right, 125), fill=0)
    for left in (210, 350):  # rules between the cells
        draw.rectangle((left, 80, left + 3, 160), fill=0)
    answers = iter([("用紙", 95.0), ("120", 95.0), ("1,200", 95.0)])

    ocr_text, _ = rerecognise_lines(
        page, _page(("用紙1201,200", 70.0)), _OPTIONS, read=lambda _line: next(answers)
    )

    assert ocr_text.text == "用紙 120 1,200"
    assert [word.left for word in ocr_text.words] == [96, 256, 396]
