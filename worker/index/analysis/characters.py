"""Characters that a search takes for one, each by itself: width, case, accents, radicals, kanji forms.

What depends on the characters beside it is in folding.py.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

CJK = (
    "\u1100-\u11ff"  # Hangul Jamo
    "\u3005-\u3007\u303b"  # 々 〆 〇 〻
    "\u3041-\u3096\u3099\u309a\u309d-\u309f"  # hiragana
    "\u30a1-\u30fa\u30fc-\u30ff"  # katakana and ー, but not the middle dot ・
    "\u3105-\u312f\u31a0-\u31bf"  # bopomofo
    "\u31f0-\u31ff"  # small katakana for Ainu
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\uac00-\ud7a3"  # Hangul syllables
    "\U0001aff0-\U0001b16f"  # historic kana
    "\U00020000-\U0003ffff"  # Han beyond the first plane: also what no Unicode has yet
)
"""Characters of unspaced scripts, as the content of a regular expression's character class."""
HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
"""Kanji after folding, as the content of a character class."""
WORD_CHARACTER = rf"(?![{CJK}])[^\W_]"

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
"""Soft hyphens, joiners, directions and variation selectors, which would split a word in two."""

_TABLE = Path(__file__).with_name("kanji_variants.txt")
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]+")
_SINGLES = {
    # Hyphens, dashes, minus and lines; the wave dashes.
    **dict.fromkeys("‐‑‒–—―⁃−˗─━╌╍┄┅⸺⸻﹘", "-"),
    **dict.fromkeys("〜∼∿", "~"),
    # Middle dots and the double hyphen, which part foreign words and names.
    **dict.fromkeys("·•‧∙⋅⸱⸳゠", "・"),
    **dict.fromkeys("‘’‚‛ʼ′´", "'"),
    **dict.fromkeys("“”„‟″〝〞〟", '"'),
    **dict.fromkeys("⁄∕", "/"),
    # What NFKC writes in parentheses.
    **{"㈱": "株式会社", "㈲": "有限会社", "㈳": "社団法人", "㈶": "財団法人", "㈻": "学校法人"},
    **{"㈴": "合名会社", "㈵": "合資会社"},
    # Small only by habit: 霞ヶ関, 三ヵ月.
    **{"ヵ": "カ", "ヶ": "ケ", "ヂ": "ジ", "ヅ": "ズ"},
    # Latin letters with a stroke have no accent to take away.
    **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"},
}


class FoldedCharacters(dict[int, str]):
    """The folded form of each character, for str.translate; it is filled by what texts have."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold(chr(code))
        return folded


@cache
def character_folding() -> FoldedCharacters:
    """The table of this process; its forms are the same as those of its forms."""
    return FoldedCharacters()


@cache
def kanji_variants() -> dict[str, str]:
    """The usual form of each other form of a kanji."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    forms = (line.split() for line in lines if not line.startswith("#"))
    return {other: usual for usual, *others in forms for other in others}


def replace_surrogates(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates by U+FFFD, to make the text encodable in UTF-8."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _fold(char: str) -> str:
    if INVISIBLE.match(char):
        return ""
    single = _SINGLES.get(char) or kanji_variants().get(char)
    if single is None:
        single = _without_marks(unicodedata.normalize("NFKC", _compatible(char).casefold()))
    # Each step may show a character to another: ﬁ, Å, a radical of an old form.
    return single if single == char else "".join(map(_fold, single))


def _compatible(char: str) -> str:
    return unicodedata.normalize("NFKC", char)


def _without_marks(text: str) -> str:
    """Latin letters without their accents; those of Cyrillic and Greek, and the dots of kana, are letters."""
    decomposed = unicodedata.normalize("NFD", text)
    if "a" <= decomposed[:1] <= "z" or _MARKS.fullmatch(text):
        return _MARKS.sub("", decomposed)
    return _MARKS.sub("", text)
