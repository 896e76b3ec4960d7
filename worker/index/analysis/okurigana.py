"""Kana after the kanji of a compound, which are written or left out: 立ち入り禁止, 立入禁止."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.index.analysis.characters import HAN
from worker.index.analysis.streams import Tokens
from worker.index.analysis.words import with_okurigana, words

# An adjective keeps its い: 赤い十字 is not 赤十字.
_ADJECTIVE = "赤青白黒黄長短高低深浅強弱広狭重軽遠近古若暑寒熱太細厚薄甘辛苦丸早速良悪痛固硬柔濃淡安暗明鋭鈍"
# How verbs end within a compound. Not に, へ and で, which nearly always are grammar.
_ENDING = re.compile(
    f"(?<=[{HAN}])(?:わせ|わし|(?<![{_ADJECTIVE}])い|[きぎしじちびみりえけげせてねべめれ])(?=[{HAN}]|$)"
)
_KANJI = re.compile(f"[{HAN}]")
_LEAST_KANJI = 3
"""With fewer it may be another word: 生き物 is not 生物."""


def without_okurigana(text: str) -> str:
    """The text without such kana; as it is where too few kanji would be left."""
    bare = _ENDING.sub("", text)
    return bare if len(_KANJI.findall(bare)) >= _LEAST_KANJI else text


def spellings(text: str) -> Iterator[Tokens]:
    """The words of a standardised text with all of its okurigana and without any, and the parts of these.

    What the dictionary has as one word with them may be two without: 立ち入り禁止, and 立入 before 禁止.
    """
    for spelling in (with_okurigana(text), without_okurigana(text)):
        if spelling != text:
            found = list(words(spelling))
            yield tuple(part for word in found for part in word.parts)
            yield tuple(word.form for word in found)
