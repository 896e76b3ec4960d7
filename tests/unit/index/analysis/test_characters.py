"""The table of single characters."""

from __future__ import annotations

import re

import pytest

from worker.index.analysis.characters import CJK, HAN, character_folding, kanji_variants, replace_surrogates

pytestmark = pytest.mark.unit


def test_every_folded_character_stays_as_it_is_when_folded_again() -> None:
    table = character_folding()
    codes = [*range(0xD800), *range(0xF900, 0x11000), *range(0x1D400, 0x1F300), *range(0x2F800, 0x2FA20)]
    assert [hex(code) for code in codes if table[code].translate(table) != table[code]] == []


def test_no_radical_is_left() -> None:
    table = character_folding()
    radicals = [*range(0x2E81, 0x2E9A), *range(0x2E9B, 0x2EF4), *range(0x2F00, 0x2FD6)]
    assert [hex(code) for code in radicals if not re.fullmatch(f"[{HAN}]", table[code])] == []


def test_no_usual_kanji_is_a_form_of_another() -> None:
    variants = kanji_variants()
    assert set(variants) & set(variants.values()) == set()
    assert all(len(form) == len(usual) == 1 for form, usual in variants.items())


@pytest.mark.parametrize("pair", ["台台", "組緑", "土士", "末未", "鳥烏", "脇脅", "籐藤", "岩巌", "斎斎"])
def test_different_kanji_stay_apart(pair: str) -> None:
    first, second = tuple(pair)
    folded = {char: char.translate(character_folding()) for char in pair}
    assert (folded[first] == folded[second]) == (first == second)


@pytest.mark.parametrize("char", ["𠮟", "\U0002ebf0", "\U00030000", "\U00031350", "\U000323b0", "\U0003fffd"])
def test_kanji_of_any_age_are_characters(char: str) -> None:
    assert re.fullmatch(f"[{CJK}]", char)
    assert char.translate(character_folding()) == char


def test_surrogates_are_joined_or_replaced() -> None:
    assert replace_surrogates("a\ud842\udf9f\ud800") == "a𠮟\ufffd"
