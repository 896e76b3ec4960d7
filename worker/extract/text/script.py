"""Scripts of characters: their shares of a text, and whether a script is written without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

KANA, HAN, HANGUL, LATIN = "Hrkt", "Hani", "Hang", "Latn"
"""Codes of ISO 15924: they begin with a capital, so none is the name of an OCR model."""

_SCRIPTS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        KANA: re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]"),
        HAN: re.compile(r"[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"),
        HANGUL: re.compile(r"[\u1100-\u11ff\uac00-\ud7a3]"),
        LATIN: re.compile(r"[A-Za-z\u00c0-\u024f]"),
        "Cyrl": re.compile(r"[\u0400-\u052f]"),
        "Grek": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
        "Arab": re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]"),
        "Hebr": re.compile(r"[\u0590-\u05ff]"),
        "Deva": re.compile(r"[\u0900-\u097f]"),
        "Thai": re.compile(r"[\u0e00-\u0e7f]"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptShares:
    """Shares of the scripts among the alphabetic characters of a text (0..1 each; all 0 without any)."""

    kana: float
    kanji: float
    hangul: float
    latin: float

    @property
    def cjk(self) -> float:
        """Kana, kanji and hangul together."""
        return self.kana + self.kanji + self.hangul


def script_shares(text: str) -> ScriptShares:
    """Count the characters of the scripts that OCR models are chosen by; all else belongs to none."""
    counts = [len(_SCRIPTS[script].findall(text)) for script in (KANA, HAN, HANGUL, LATIN)]
    letters = sum(counts) or 1
    kana, kanji, hangul, latin = (count / letters for count in counts)
    return ScriptShares(kana=kana, kanji=kanji, hangul=hangul, latin=latin)


def letters_by_script(text: str) -> dict[str, int]:
    """How many letters of each script a text has; digits, symbols and spaces belong to none."""
    return {script: len(letters.findall(text)) for script, letters in _SCRIPTS.items()}


def distinct_kanji(text: str) -> frozenset[str]:
    """The different kanji of a text."""
    return frozenset(_SCRIPTS[HAN].findall(text))


def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script written without spaces (Hangul is wide and has them)."""
    return unicodedata.east_asian_width(char) in "WFH" and not "가" <= char <= "힣"
