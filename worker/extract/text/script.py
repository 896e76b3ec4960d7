"""Which script characters belong to: shares of a text, and whether a script is written without spaces."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_KANA = re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_KANJI = re.compile(r"[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7a3]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptShares:
    """How the letters of a text divide into scripts (0..1 each; all 0 where there are no letters)."""

    kana: float
    kanji: float
    hangul: float
    latin: float

    @property
    def cjk(self) -> float:
        """Kana, kanji and hangul together."""
        return self.kana + self.kanji + self.hangul


def script_shares(text: str) -> ScriptShares:
    """Count the letters of each script; digits, signs and spaces belong to none."""
    counts = [len(script.findall(text)) for script in (_KANA, _KANJI, _HANGUL, _LATIN)]
    letters = sum(counts) or 1
    kana, kanji, hangul, latin = (count / letters for count in counts)
    return ScriptShares(kana=kana, kanji=kanji, hangul=hangul, latin=latin)


def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script written without spaces (Hangul is wide and has them)."""
    return unicodedata.east_asian_width(char) in "WFH" and not "가" <= char <= "힣"
