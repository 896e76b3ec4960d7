"""Which model reads a page first, and how."""

from __future__ import annotations

import pytest

from worker.extract.language_hint import language_of
from worker.extract.ocr.model_selection import is_split_into_columns, is_unsure, known_model, psm_of
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit

_BOTH = ("jpn", "eng")
_LATIN = "The quick brown fox jumps over the lazy dog"


def _ocr_text(*lines: str, confidence: float = 90.0) -> OcrText:
    def word(text: str) -> Word:
        return Word(text=text, left=0, top=0, width=9, height=9, confidence=confidence)

    return OcrText.from_lines(
        [
            Line(
                words=tuple(map(word, line.split())), left=0, top=0, width=9, height=9, opens_paragraph=False
            )
            for line in lines
        ]
    )


@pytest.mark.parametrize(
    ("hint", "known"),
    [
        (None, None),
        ("eng", "eng"),
        ("jpn", "jpn"),
        ("fra", None),
        ("", None),
        ("jpn_vert", "jpn_vert"),
        ("Latn", "eng"),
        ("Hani", "jpn"),
        ("Cyrl", None),
    ],
)
def test_the_hint_names_the_model_where_it_is_one_of_a_configured_language(
    hint: str | None, known: str | None
) -> None:
    assert known_model(_BOTH, hint) == known


@pytest.mark.parametrize(
    ("languages", "hint", "known"),
    [(("eng", "jpn"), "Hani", "jpn"), (("eng",), "Hani", None), (("kor", "jpn"), "Latn", None)],
)
def test_a_script_calls_for_a_language_that_is_written_in_it(
    languages: tuple[str, ...], hint: str, known: str | None
) -> None:
    assert known_model(languages, hint) == known


@pytest.mark.parametrize(
    ("model", "language", "psm"), [("jpn", "jpn", 3), ("eng", "eng", 3), ("jpn_vert", "jpn", 5)]
)
def test_a_model_has_its_language_and_its_segmentation(model: str, language: str, psm: int) -> None:
    assert (language_of(model), psm_of(model)) == (language, psm)


@pytest.mark.parametrize(
    ("ocr_text", "model", "unsure"),
    [
        (_ocr_text("請求書", confidence=95.0), "jpn", False),
        (_ocr_text("請求書", confidence=75.0), "jpn", True),
        (_ocr_text(), "jpn", True),
        (_ocr_text(_LATIN, confidence=75.0), "jpn", False),
        (_ocr_text(_LATIN, confidence=75.0), "eng", True),
    ],
    ids=["sure", "unsure", "nothing", "of another model", "unsure of english"],
)
def test_a_model_is_unsure_below_the_confidence_of_clean_print(
    ocr_text: OcrText, model: str, unsure: bool
) -> None:
    assert is_unsure(ocr_text, model) is unsure


@pytest.mark.parametrize(
    ("lines", "split"),
    [
        (("営業", "報告", "書の", "概要"), True),
        (("営業報告書", "第三四半期", "売上高", "契約件数"), False),
        (("営業", "報告"), False),
        (("ab", "cd", "ef", "gh"), False),
    ],
)
def test_columns_of_a_vertical_page_read_as_one_block(lines: tuple[str, ...], split: bool) -> None:
    assert is_split_into_columns(_ocr_text(*lines)) is split
