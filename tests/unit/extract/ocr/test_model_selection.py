"""Which model reads a page, decided from what was read so far."""

from __future__ import annotations

import pytest

from worker.extract.language_hint import language_of
from worker.extract.ocr.model_selection import (
    drop_noise,
    first_language,
    has_only_noise,
    is_low_confidence,
    is_plausible,
    is_split_into_columns,
    next_model,
    pick_better,
    psm_of,
)
from worker.extract.ocr.tesseract_tsv import Line, OcrText, Word

pytestmark = pytest.mark.unit

_BOTH = ("jpn", "eng")
_JAPANESE = "当四半期の売上高は過去最高を記録した"
_LATIN = "The quick brown fox jumps over the lazy dog"
_MIXED = _LATIN + "営業報告書について"


def _ocr_text(text: str, confidence: float | None) -> OcrText:
    words = tuple(
        Word(text=word, left=0, top=0, width=1, height=1, confidence=confidence or 0.0)
        for word in text.split()
    )
    return OcrText(text=text, confidence=confidence, words=words)


@pytest.mark.parametrize(
    ("hint", "first"),
    [
        (None, "jpn"),
        ("eng", "eng"),
        ("jpn", "jpn"),
        ("fra", "jpn"),
        ("", "jpn"),
        ("jpn_vert", "jpn_vert"),
        ("Latn", "eng"),
        ("Hani", "jpn"),
        ("Cyrl", "jpn"),
    ],
)
def test_the_hint_is_read_first_where_it_is_allowed(hint: str | None, first: str) -> None:
    assert first_language(_BOTH, hint) == first


@pytest.mark.parametrize(
    ("languages", "hint", "first"),
    [(("eng", "jpn"), "Hani", "jpn"), (("eng",), "Hani", "eng"), (("kor", "jpn"), "Latn", "kor")],
)
def test_a_script_calls_for_a_language_that_is_written_in_it(
    languages: tuple[str, ...], hint: str, first: str
) -> None:
    assert first_language(languages, hint) == first


@pytest.mark.parametrize(
    ("model", "language", "psm"), [("jpn", "jpn", 3), ("eng", "eng", 3), ("jpn_vert", "jpn", 5)]
)
def test_a_model_has_its_language_and_its_segmentation(model: str, language: str, psm: int) -> None:
    assert (language_of(model), psm_of(model)) == (language, psm)


@pytest.mark.parametrize(
    ("text", "confidence", "model", "plausible"),
    [
        (_JAPANESE, 90.0, "jpn", True),
        (_JAPANESE, 61.0, "jpn", True),
        (_JAPANESE, 59.0, "jpn", False),
        (_JAPANESE, 90.0, "jpn_vert", True),
        (_JAPANESE, 77.0, "jpn_vert", False),
        (_LATIN, 90.0, "jpn", False),
        (_MIXED, 80.0, "jpn", True),
        ("2025 12.5", 90.0, "jpn", True),
        (_LATIN, 91.0, "eng", True),
        (_LATIN, 79.0, "eng", False),
        ("BRRS OLE HOBRAM", 14.6, "eng", False),
        ("", None, "jpn", True),
        ("", None, "eng", True),
    ],
)
def test_a_text_is_plausible_in_the_language_of_its_model_or_not(
    text: str, confidence: float | None, model: str, plausible: bool
) -> None:
    assert is_plausible(_ocr_text(text, confidence), model) is plausible


@pytest.mark.parametrize(("confidence", "low"), [(None, True), (0.0, True), (59.9, True), (60.0, False)])
def test_confidence_is_low_below_sixty(confidence: float | None, low: bool) -> None:
    assert is_low_confidence(_ocr_text("x", confidence)) is low


@pytest.mark.parametrize(
    ("text", "model", "languages", "tried", "following"),
    [
        (_LATIN, "jpn", _BOTH, ["jpn"], "eng"),
        (_LATIN, "jpn", _BOTH, ["eng", "jpn"], None),
        ("選溢上性鹿昌卿", "jpn", _BOTH, ["jpn"], "jpn_vert"),
        ("選溢上性鹿昌卿", "jpn_vert", _BOTH, ["jpn", "jpn_vert"], None),
        ("BRRS OLE", "eng", _BOTH, ["eng"], "jpn"),
        ("BRRS OLE", "eng", _BOTH, ["jpn", "eng"], None),
        (_LATIN, "jpn", ("jpn",), ["jpn"], None),
        ("BRRS OLE", "eng", ("eng", "deu"), ["eng"], "deu"),
        ("選溢上性鹿昌卿", "jpn", ("jpn", "chi_sim"), ["jpn", "jpn_vert"], "chi_sim"),
    ],
)
def test_the_next_model_is_the_one_the_script_suggests(
    text: str, model: str, languages: tuple[str, ...], tried: list[str], following: str | None
) -> None:
    assert next_model(_ocr_text(text, 20.0), model, languages, tried) == following


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (("jpn", _LATIN, 81.0), ("eng", _LATIN, 91.0), "eng"),
        (("jpn", _LATIN, 91.0), ("eng", _LATIN, 91.0), "eng"),
        (("jpn", _LATIN, 91.0), ("eng", _LATIN, 90.0), "jpn"),
        (("eng", "BRRS OLE HOBRAM WTRET", 14.0), ("jpn", _JAPANESE, 92.0), "jpn"),
        (("jpn", "選 溢 上 性", 25.0), ("jpn_vert", _JAPANESE, 91.0), "jpn_vert"),
        # the Japanese part of a mixed page is kept against a Latin text that is unsure
        (("eng", _LATIN, 78.0), ("jpn", _MIXED, 75.0), "jpn"),
        (("jpn", _MIXED, 75.0), ("eng", _LATIN, 78.0), "jpn"),
        # a page number alone, however clear, is not the text of the page
        (("jpn", _LATIN * 5, 62.0), ("eng", "7", 96.0), "jpn"),
        # but much noise is not its text either
        (("jpn", "x" * 300, 25.0), ("eng", _LATIN * 2, 95.0), "eng"),
        (("jpn", "", None), ("eng", "a", 10.0), "eng"),
    ],
)
def test_the_more_plausible_text_is_kept(
    first: tuple[str, str, float | None], second: tuple[str, str, float | None], kept: str
) -> None:
    one, other = ((model, _ocr_text(text, confidence)) for model, text, confidence in (first, second))

    assert pick_better(one, other)[0] == kept


def test_a_page_of_low_confidence_keeps_the_lines_above_noise() -> None:
    lines = [
        Line(words=_ocr_text(text, confidence).words, left=0, top=0, width=9, height=1, opens_paragraph=False)
        for text, confidence in (("real but faint words", 62.0), ("llIiIl1 jJ1i rrIlI ..", 20.0))
    ]

    assert drop_noise(OcrText.from_lines(lines)).text == "real but faint words"


def _lines(*rows: tuple[str, float]) -> OcrText:
    return OcrText.from_lines(
        [
            Line(
                words=(Word(text=text, left=0, top=20 * n, width=80, height=20, confidence=confidence),),
                left=0,
                top=20 * n,
                width=80,
                height=20,
                opens_paragraph=False,
            )
            for n, (text, confidence) in enumerate(rows)
        ]
    )


@pytest.mark.parametrize(
    ("first", "second", "only_noise"),
    [
        ([("66みぃ", 37.0), ("SA", 30.0), ("と", 28.0)], [("66みぃ", 37.0), ("SA", 30.0), ("M", 92.0)], True),
        ([("66みぃ", 37.0)], [("営業報告書を提出します", 92.0)], False),
        ([("PAGE", 88.0), ("~~", 20.0)], [("PAGE", 88.0), ("3", 95.0)], False),
    ],
    ids=["noise", "faint writing", "writing anyway"],
)
def test_a_character_where_the_first_pass_read_only_noise_is_noise(
    first: list[tuple[str, float]], second: list[tuple[str, float]], only_noise: bool
) -> None:
    assert has_only_noise(_lines(*first), _lines(*second)) is only_noise


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [
        ("| WW | | | NL 1 | | | 還 | | | | I | | |", 48.0, False),
        ("wm Mr MwMmN m M ww w wMmm wn hmw", 55.0, False),
        ("| | | -- ~ |", 86.0, False),
        ("faintly printed but real words", 52.0, True),
        ("ーーーーーーーーーーーーーーーーーーーーーA", 92.0, True),
    ],
    ids=["bricks", "scribble", "bars", "faint", "sure"],
)
def test_patterns_are_no_text(text: str, confidence: float, kept: bool) -> None:
    assert drop_noise(_lines((text, confidence))).text == (text if kept else "")


def test_a_table_of_contents_is_no_pattern() -> None:
    leaders = ("ド" * 40, 42.0)

    assert "事業の概要" in drop_noise(_lines(("第1章事業の概要と売上", 93.0), leaders)).text
    assert drop_noise(_lines(leaders)).text == ""


@pytest.mark.parametrize(
    ("lines", "in_columns"),
    [
        (["と吾", "ん輩", "とは", "見猫", "か"], True),
        (["営業報告", "売上増加", "契約件数", "利益"], False),
        (["10", "20", "30", "40"], False),
        (["領収書"], False),
    ],
)
def test_columns_read_as_one_block_are_detected(lines: list[str], in_columns: bool) -> None:
    assert is_split_into_columns(_lines(*((line, 90.0) for line in lines))) is in_columns


def test_a_horizontal_line_is_not_read_as_columns() -> None:
    horizontal, in_columns = _lines(("訪収書", 58.5)), _lines(("書", 88.0), ("収", 88.0), ("領", 88.0))

    assert pick_better(("jpn", horizontal), ("jpn_vert", in_columns)) == ("jpn", horizontal)
