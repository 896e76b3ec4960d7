"""Texts that somebody wrote against what OCR models make of turned pages, photographs and other languages."""

from __future__ import annotations

import pytest

from worker.extract.text.plausibility import plausibility, word_plausibility

pytestmark = pytest.mark.unit

_WRITTEN = 0.75
"""Texts are above, on real pages at 0.85 and more."""
_NO_LANGUAGE = 0.62


@pytest.mark.parametrize(
    "text",
    [
        "この結果、申請の件数は320件に達し、前の年度と比べておよそ一割の増加となった。",
        "営業報告書",
        "株式会社青葉商事 東京都千代田区",
        "商品01 110円\n商品02 220円\n合計 35,750円",
        "アイスコーヒー ミックスサンドイッチ",
        "Shared warehouses were opened in 910 towns in order to make transport more efficient.",
        "Overzicht van de omzet per kwartaal en de belangrijkste kosten",
        "Der Gesamtbetrag der Rechnung enthält die Umsatzsteuer",
        "Salaire de base 2 450,00 Cotisations",
        "1,280,000 45.60 2024/05/31",
    ],
)
def test_what_somebody_wrote_is_plausible(text: str) -> None:
    assert plausibility(text) >= _WRITTEN


@pytest.mark.parametrize(
    "text",
    [
        "選溢上性鹿昌卿時民凡更十人人忍思",
        "間党宇和衣量の本予ふ邊監の切豆策員 “錠せ、営7肥\n弱妊守っ]疹十-かの閉区寺ャ10Z騨寺打本の星有も",
        "丸/玩坦G坊局的地人S\\@銘\n羅否倒G選曰定じ直6で羽?夏|",
        "sse』5oJd UOOS UO Dessgd ed ]ShUJ SIII2HS OS E00C 82UIS USSIJ』SBU",
        "ssei6oig uoos UO passed aq jsnw sj|IS OS EQOZ B2UIS UES sey",
        "BC, ROW OMEDLA LRRD, HAEIOMOE RE RY (EA OGRORE CHS. Et. WHOMKREBOSKMK, H",
        "Aaalggfitted oof tthhe sseerrvviiccee",
        "P U B L I C  H E A R I N G",
        "| | _ | = — .. ~ |",
        "",
    ],
)
def test_what_is_no_language_is_not(text: str) -> None:
    assert plausibility(text) <= _NO_LANGUAGE


def test_spaces_between_the_words_of_a_line_change_little() -> None:
    assert plausibility("請求書 番号 金額") == pytest.approx(plausibility("請求書番号 金額"), abs=0.2)


@pytest.mark.parametrize(
    ("word", "least"), [("invoice", 0.9), ("Zahlung", 0.9), ("élève", 0.6), ("the", 1.0)]
)
def test_words_of_european_languages_are_known(word: str, least: float) -> None:
    assert word_plausibility(word) >= least


@pytest.mark.parametrize("word", ["MMuunnii", "xqzt", "jsnw", "SIII"])
def test_words_of_none_are_not(word: str) -> None:
    assert word_plausibility(word) < 0.5


def test_scripts_without_a_table_are_not_called_garbage() -> None:
    assert plausibility("Привет мир") == 1.0
