"""The form in which text is stored, and the language it is known to be in."""

from __future__ import annotations

import re

from worker.extract.text.charset import UNPRINTABLE
from worker.extract.text.script import HAN, HANGUL, KANA, LATIN, distinct_kanji, letters_by_script

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")

_MIN_CJK_SHARE = 0.1
"""Japanese texts about technology are full of Latin names."""
_MIN_KANA_SHARE = 0.05
"""Of the kana and kanji: Chinese texts quote Japanese names with a kana or two."""
_SAMPLED_CHARS = 200_000
_CHINESE_SETS = ("gb2312", "big5")
_JAPANESE_SET = "cp932"

_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """about and because could did does from how into its other our out shall she should some such than
        that the their them there these they this those were what when where which who with would you your""",
    )
)
"""Function words of no other language: German has will and not, Dutch is, of and over, Romanian are."""
_MIN_ENGLISH_SHARE = 0.03
"""Of the words; tables of figures and lists of references have few."""
_SAMPLED_WORD_CHARS = 20_000
_WORD = re.compile(r"[^\W\d_]+")


def clean(text: str) -> str:
    """Text in its stored form: lines end in a line feed, no control characters but tab, no outer blanks."""
    return UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text)).strip()


def language_of_text(text: str) -> str | None:
    """The language as Tesseract's name where the text proves it, else its script; None without letters.

    Languages: `jpn` where there are kana, or kanji that only Japanese writes in one text; `kor` by its
    letters; `eng` by its function words. Scripts are codes of ISO 15924 (`Latn`, `Hani`, `Cyrl` ...): German
    is `Latn`, Chinese is `Hani`.
    """
    # Every so many-th character of a long text: the matches of all of them would take 80 bytes each.
    sample = text[:: 1 + len(text) // _SAMPLED_CHARS]
    letters = letters_by_script(sample)
    total = sum(letters.values())
    japanese = letters[KANA] + letters[HAN]
    if japanese and japanese >= _MIN_CJK_SHARE * total and japanese > letters[HANGUL]:
        has_kana = letters[KANA] >= _MIN_KANA_SHARE * japanese
        return "jpn" if has_kana or _has_japanese_forms(sample) else HAN
    script = max(letters, key=letters.__getitem__)
    if 2 * letters[script] <= total:
        return None
    if script == HANGUL:
        return "kor"
    return "eng" if script == LATIN and _is_english(text[:_SAMPLED_WORD_CHARS]) else script


def _has_japanese_forms(text: str) -> bool:
    """Whether the kanji are all in the Japanese character set, and neither set of Chinese has all of them.

    The reformed characters of both countries differ (営 is 营 or 營), so a few words show it.
    """
    kanji = "".join(distinct_kanji(text))
    return _can_encode(kanji, _JAPANESE_SET) and not any(_can_encode(kanji, name) for name in _CHINESE_SETS)


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_english(text: str) -> bool:
    words = _WORD.findall(text.casefold())
    return sum(word in _ENGLISH for word in words) >= max(1.0, _MIN_ENGLISH_SHARE * len(words))
