"""Characters that OCR takes for each other, as one: the pairs of OCRed pages, and of queries, in such a form.

A class is kept where it merges no two common words: of the 120,000 nouns of Sudachi's dictionary 口ロ or 治冶
merge one pair or none. Left out for what they merge are 大太犬 (42 pairs), 木本 (54), 日目 (29), 人入 (29, as
新人 and 新入), 土士 (国土 and 国士), 問門 (自問 and 自門), シツ (シール and ツール).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.index.analysis.characters import CJK
from worker.index.analysis.pairs import pairs

CLASSES = (
    # Katakana drawn like kanji.
    *("ロ口囗", "カ力", "エ工ェ", "タ夕", "ト卜", "ニ二", "ハ八", "ミ三", "チ千干", "オ才ォ", "ー一"),
    # Hiragana and katakana of one shape; small kana, whose size OCR misses; the two strokes of ン.
    *(
        "へヘ",
        "べベ",
        "ぺペ",
        "りリ",
        "っつ",
        "ゃや",
        "ゅゆ",
        "ょよ",
        "ッツ",
        "ャヤ",
        "ュユ",
        "ョヨ",
        "ァア",
        "ィイ",
        "ゥウ",
        "ンソ",
    ),
    # Kanji that differ by a stroke.
    *(
        "末未",
        "己已巳",
        "日曰",
        "待侍",
        "問間",
        "午牛",
        "鳥烏",
        "治冶",
        "困因",
        "氷永",
        "拾捨",
        "輪輸",
        "候侯",
        "績積",
    ),
    *(
        "徴微",
        "簿薄",
        "密蜜",
        "遺遣",
        "幸辛",
        "壁璧",
        "幣弊",
        "宜宣",
        "考孝",
        "旅族",
        "借惜",
        "失矢",
        "免兎",
        "今令",
    ),
    *(
        "代伐",
        "析折",
        "何伺",
        "側測",
        "検険",
        "複復",
        "師帥",
        "貸貨",
        "責貴",
        "萩荻",
        "衰哀",
        "鳴嗚",
        "漫慢",
        "勧観",
    ),
    # Latin letters and digits; i and l only where a word begins (Invoice, lnvoice): fail is no fall.
    *("o0", "l1|", "s5", "b8", "z2"),
)
_TABLE = {ord(char): group[0] for group in CLASSES for char in group[1:]}
_FORMS = {group[0]: f"[{re.escape(group)}]" for group in CLASSES}
_FORMS |= {"l": "[l1|i]", "m": "(?:m|rn)", "w": "(?:w|vv)", "ー": "[ー一-]"}
_DASH_IN_RUN = re.compile(rf"(?<=[{CJK}])-(?=[{CJK}])")
# Folding took it from words of three sounds; where it was misread (エネルギ一) it is still there.
_LAST_LONG_MARK = re.compile("(?<=[ァ-ヺ])ー(?![ァ-ヺー])")
_SHAPES = re.compile(r"(?P<i>(?<![^\W_])i(?=[a-z]))|(?P<m>rn)|(?P<w>vv)")
_LETTERS = {"i": "l", "m": "m", "w": "w"}


def lookalikes(folded: str) -> Iterator[str]:
    """The pairs and words of a folded text in their common shapes."""
    return pairs(shape(folded))


def shape(folded: str) -> str:
    """A folded text with one character for each class, and m for rn."""
    shaped = _SHAPES.sub(lambda match: _LETTERS[match.lastgroup or ""], folded.translate(_TABLE))
    return _LAST_LONG_MARK.sub("", _DASH_IN_RUN.sub("ー", shaped))


def pattern(folded: str) -> re.Pattern[str]:
    """What has the shape of a folded term in a folded text."""
    return re.compile("".join(_FORMS.get(char, re.escape(char)) for char in shape(folded)))
