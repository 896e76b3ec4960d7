"""What all text has in common: how it is stored, and the language its script gives away."""

from __future__ import annotations

import re

from worker.extract.text.charset import UNPRINTABLE
from worker.extract.text.script import script_shares

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    """Text as it is stored: lines end in a line feed, no control characters but tab, no outer blanks."""
    return UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text)).strip()


_MIN_CJK_SHARE = 0.1
_SAMPLED_CHARS = 200_000


def language_of_text(text: str) -> str | None:
    """The language by script: jpn or eng, None where neither can be told.

    A tenth of kana and kanji is enough: Japanese texts about technology are full of Latin names. Of a long
    text every so many-th character is looked at: counting all of them costs 80 bytes each.
    """
    shares = script_shares(text[:: 1 + len(text) // _SAMPLED_CHARS])
    if shares.kana + shares.kanji >= _MIN_CJK_SHARE and shares.hangul < shares.kana + shares.kanji:
        return "jpn"
    return "eng" if shares.latin > 0.5 else None
