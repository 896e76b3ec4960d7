"""Whether the text of a layer was decoded with another encoding than it was written in.

It shows in pairs of characters that an encoding makes of one character of another, and that no language has.
"""

from __future__ import annotations

import re

_CP1252_SYMBOLS = (
    "\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e"
    "\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122"
)
_MOJIBAKE_RUN = re.compile(f"[\x80-\xff{_CP1252_SYMBOLS}]{{3,}}")
_MOJIBAKE_WORD = re.compile(
    f"[!-\xff{_CP1252_SYMBOLS}]*[\x80-\xff{_CP1252_SYMBOLS}]{{3}}[!-\xff{_CP1252_SYMBOLS}]*"
)
_MOJIBAKE_SHARE = 0.1
# One letter of UTF-8 shown as two or three, as in Ã©; and letters of Cyrillic in Latin words.
_TWO_FOR_ONE = re.compile(
    f"[\xc2\xc3][\x80-\x9f\xa1-\xbf{_CP1252_SYMBOLS}]|\xe2\u20ac[\x80-\xbf{_CP1252_SYMBOLS}]"
    "|[a-z][\u0400-\u04ff](?=[a-z])"
)
_MIN_TWO_FOR_ONE, _TWO_FOR_ONE_SHARE = 3, 0.004
# Half-width katakana and kanji by turns: a Japanese encoding taken for another.
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_BY_TURNS = re.compile("[\uff61-\uff9f][\u4e00-\u9fff]|[\u4e00-\u9fff](?=[\uff61-\uff9f])")
_MIN_BY_TURNS, _BY_TURNS_SHARE = 10, 0.2
# EUC-JP as Shift_JIS: the first byte of every kana becomes one of two marks.
_KANA_MARK = re.compile("[\uff64\uff65]")
_MIN_HALF_WIDTH, _KANA_MARK_SHARE = 20, 0.25
# UTF-8 as Mac Roman: √© for é and ¬≠ for a soft hyphen, within words. √π alone is a formula.
_MAC_TRAIL = re.escape(bytes(range(0x80, 0xC0)).decode("mac_roman"))
_MAC_TWO_FOR_ONE = re.compile(
    f"(?<=[A-Za-z])[\u221a\u00ac][{_MAC_TRAIL}]|[\u221a\u00ac][{_MAC_TRAIL}](?=[a-z])|[\u201e\u00e2][{_MAC_TRAIL}]{{2}}"
)
# Latin-1 as a code page of DOS: fⁿr, f³r, k÷nnen, hist≤ria, capφtulo; but neither x≤y nor sinφcosφ.
_DOS_LETTER = re.compile(
    "(?<=[A-Za-z])[\u207f\u00b3\u00f7\u2550-\u259f](?=[a-z])"
    "|(?<=[a-z]{2})(?<!sin)(?<!cos)(?<!tan)(?<!log)(?<!exp)[\u2264\u2265\u0370-\u03ff](?=[a-z]{2})"
)
# Latin-1 as Mac Roman and the other way round: dÈcidÈ, lÕorgane, s‰kra. Irish has h, n and t before capitals.
_OTHER_CASE = re.compile(
    "(?<=[a-z])(?<![\\s(][hnt])[\u00c0-\u00d6\u00d8-\u00de\u017d](?![A-Z\u00c0-\u00de])|(?<=[a-z])\u2030|\u2030(?=[a-z])"
)
_PATTERNS = (_TWO_FOR_ONE, _MAC_TWO_FOR_ONE, _DOS_LETTER, _OTHER_CASE)


def is_in_other_encoding(text: str, chars: int) -> bool:
    """Whether a text was decoded with the wrong encoding; `chars` are its characters but for white space."""
    if _mojibake(text) > _MOJIBAKE_SHARE * chars:
        return True
    enough = max(_MIN_TWO_FOR_ONE, _TWO_FOR_ONE_SHARE * chars)
    if any(len(pattern.findall(text)) >= enough for pattern in _PATTERNS):
        return True
    half_width = len(_HALF_WIDTH.findall(text))
    if half_width >= _MIN_HALF_WIDTH and len(_KANA_MARK.findall(text)) >= _KANA_MARK_SHARE * half_width:
        return True
    return len(_BY_TURNS.findall(text)) >= max(_MIN_BY_TURNS, _BY_TURNS_SHARE * half_width)


def _mojibake(text: str) -> int:
    """Characters in words with three or more accents and symbols in a row, as in `“ú–{Œê`."""
    if not _MOJIBAKE_RUN.search(text):
        return 0
    # Real words in the alphabets of Latin-1 never have three; runs of one symbol (dashes, dots) do not count.
    words = _MOJIBAKE_WORD.findall(text)
    return sum(len(word) for word in words if len(set(word)) > 1 and any(map(str.isalpha, word)))
