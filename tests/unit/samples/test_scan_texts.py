"""The fictional white paper."""

from __future__ import annotations

import pytest

from worker.samples.scan_texts import page_word, scan_page

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("language", ["jpn", "eng"])
def test_nine_hundred_pages_have_nine_hundred_words(language: str) -> None:
    assert len({page_word(number, language) for number in range(1, 901)}) == 900


@pytest.mark.parametrize("language", ["jpn", "eng"])
def test_a_page_word_is_on_its_page_alone(language: str) -> None:
    texts = {number: scan_page(number, seed=0, language=language).text for number in range(1, 101)}
    for number in texts:
        word = page_word(number, language)
        assert [other for other, text in texts.items() if word in text] == [number]


@pytest.mark.parametrize(("language", "least", "most"), [("jpn", 900, 1_050), ("eng", 1_850, 2_150)])
def test_pages_are_dense(language: str, least: int, most: int) -> None:
    lengths = [len(scan_page(number, seed=0, language=language).text) for number in range(1, 50)]
    assert least <= min(lengths)
    assert max(lengths) <= most


def test_the_same_seed_gives_the_same_page_and_another_another() -> None:
    page = scan_page(7, seed=1, language="jpn")
    assert page == scan_page(7, seed=1, language="jpn")
    assert page != scan_page(7, seed=2, language="jpn")


def test_the_scan_never_mentions_sales_reports() -> None:
    assert not any("営業" in scan_page(number, seed=0, language="jpn").text for number in range(1, 50))
