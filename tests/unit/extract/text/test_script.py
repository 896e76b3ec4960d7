"""Which script characters belong to."""

from __future__ import annotations

import pytest

from worker.extract.text.script import distinct_kanji, letters_by_script, script_shares

pytestmark = pytest.mark.unit


def test_scripts_are_counted_over_letters_only() -> None:
    shares = script_shares("カタかな 漢字々𠮟 한국 Aé 12,%。")

    assert (shares.kana, shares.kanji, shares.hangul, shares.latin) == (4 / 12, 4 / 12, 2 / 12, 2 / 12)
    assert shares.cjk == pytest.approx(10 / 12)


def test_a_text_without_letters_is_of_no_script() -> None:
    assert script_shares("12 + 34").latin == 0.0


def test_letters_of_other_scripts_are_counted_by_their_codes() -> None:
    letters = letters_by_script("Слово λόγος שלום ไทย हिन्दी 12")

    assert {script: count for script, count in letters.items() if count} == {
        "Cyrl": 5,
        "Grek": 5,
        "Hebr": 4,
        "Thai": 3,
        "Deva": 6,
    }


def test_kanji_are_found_once_each_without_kana_and_symbols() -> None:
    assert distinct_kanji("東京は東、😀（𠮟る）") == {"東", "京", "𠮟"}
