"""Characters that a font maps to the wrong codes, mapped back where that is exact.

kana as extension A   every kana lies 0x1690 too high: の as U+46FE
radicals              U+2E80 to 2FD5, which look like the kanji that everybody writes: ⻑ for 長
ligatures             those of TeX's fonts as control codes, those of old fonts in private use, and those of
                      office fonts as letters that no word has there: fi as U+000C or U+F001, ti as Ɵ
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_KANA_SHIFT = 0x1690
_EXTENSION_A = re.compile("[\u3400-\u4dbf]")
_SHIFTED = re.compile(f"[{chr(0x3041 + _KANA_SHIFT)}-{chr(0x30FF + _KANA_SHIFT)}]")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
# Of thousands of characters in real texts one is of extension A, and hardly ever of this part of it.
_MIN_SHIFTED, _MIN_SHIFTED_SHARE = 2, 0.01
# One is proof enough in a heading, where it is hiragana: a particle.
_MAX_HEADING = 30
_SHIFTED_KATAKANA = chr(0x30A0 + _KANA_SHIFT)
_MIN_SHARE_OF_EXTENSION = 0.8

_RADICAL = re.compile("[\u2e80-\u2ef3\u2f00-\u2fd5]")
# Unicode's normal form has the kanji of the second block only.
_SUPPLEMENT = str.maketrans(
    "⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺟⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻"
    "⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
    "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢尢巳幺彑彐忄心扌攵旡日月歺母民氵氺灬爫爫丬牛犭王疋目示礻竹糹纟罓罒㓁冗网羊羊羊耂肀聿"
    "肉臼艹艹艹虎衤覀西见角角讠贝足车辶辶辶邑钅長镸长门阜阝雨青韦页风飞食食飠饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
)
# Japanese fonts draw these radicals as the kanji that Japanese writes.
_JAPANESE_FORMS = str.maketrans("戶黑", "戸黒")
_KANA = re.compile("[\u3041-\u30ff]")

_LETTER = r"[^\W\d_]"
_LIGATURES = {
    **{"\x0b": "ff", "\x0c": "fi", "\r": "fl", "\x0e": "ffi", "\x0f": "ffl"},
    **{"\uf001": "fi", "\uf002": "fl"},
}
# pdfium ends its lines by \r\n. A ligature has a character beside it.
_CODE = "(?:[\x0b\x0c\x0e\x0f\uf001\uf002]|\r(?!\n))"
_LIGATURE = re.compile(f"{_CODE}(?:(?={_LETTER})|(?<={_LETTER}.))", re.DOTALL)
# TeX's fonts have other letters at the codes beside these, but a text has few of them; one whose fonts map
# nothing has all of them.
_OTHER_CODE = re.compile("[\x01\x03-\x08\x10-\x1f\ue000-\uf000\uf003-\uf8ff]")
_FEW_LIGATURES, _MAX_LIGATURE_SHARE = 8, 0.08
_CONTROL = re.compile("[\x01\x03-\x08\x0b\x0c\x0e-\x1f]")
_PRIVATE_USE = 0xE000
_OFFICE_LIGATURES = {"\u019f": "ti", "\u01a9": "tt", "\u01ab": "tti", "\u014c": "ft", "\u019e": "tf"}
_OFFICE_LIGATURE = re.compile(f"[{''.join(_OFFICE_LIGATURES)}](?=[a-zß-ÿ])(?<=[a-zß-ÿ].)")


def repair(raw: str) -> str:
    """The text of a layer, as pdfium reports it, with its characters mapped back."""
    text = _replace_ligatures(raw)
    if text.isascii():
        return text
    text = _OFFICE_LIGATURE.sub(lambda match: _OFFICE_LIGATURES[match[0]], text)
    return _replace_radicals(_shift_kana(text))


def repair_each(raw: str) -> list[str]:
    """What each character of a text is in the repaired text."""
    repaired, at = repair(raw), 0
    pieces = []
    for character in raw:
        meanings = (character, *_meanings(character))
        pieces.append(next((piece for piece in meanings if repaired.startswith(piece, at)), character))
        at += len(pieces[-1])
    return pieces


def _meanings(character: str) -> Iterator[str]:
    """What a repair may have made of a character."""
    for ligatures in (_LIGATURES, _OFFICE_LIGATURES):
        if character in ligatures:
            yield ligatures[character]
    if _SHIFTED.match(character):
        yield chr(ord(character) - _KANA_SHIFT)
    kanji = _kanji(character)
    yield from (kanji, kanji.translate(_JAPANESE_FORMS))


def keep_codes(raw: str) -> str:
    """The text with control codes in private use, where each is still known when the text is cleaned."""
    return _CONTROL.sub(lambda match: chr(_PRIVATE_USE + ord(match[0])), raw)


def _replace_ligatures(raw: str) -> str:
    codes = len(_LIGATURE.findall(raw))
    allowed = max(_FEW_LIGATURES, _MAX_LIGATURE_SHARE * len(raw))
    if not codes or codes > allowed or len(_OTHER_CODE.findall(raw)) > codes:
        return raw
    return _LIGATURE.sub(lambda match: _LIGATURES[match[0]], raw)


def _shift_kana(text: str) -> str:
    if not _is_proof(text, _SHIFTED.findall(text)):
        return text
    return _SHIFTED.sub(lambda match: chr(ord(match[0]) - _KANA_SHIFT), text)


def _is_proof(text: str, shifted: list[str]) -> bool:
    """Whether so many characters of this part of extension A cannot be ideographs."""
    if not shifted or len(shifted) < _MIN_SHARE_OF_EXTENSION * len(_EXTENSION_A.findall(text)):
        return False
    letters = len(_CJK.findall(text))
    if len(shifted) >= _MIN_SHIFTED:
        return len(shifted) >= _MIN_SHIFTED_SHARE * letters
    return shifted[0] < _SHIFTED_KATAKANA and letters <= _MAX_HEADING


def _replace_radicals(text: str) -> str:
    if not _RADICAL.search(text):
        return text
    forms = _JAPANESE_FORMS if _KANA.search(text) else {}
    return _RADICAL.sub(lambda match: _kanji(match[0]).translate(forms), text)


def _kanji(radical: str) -> str:
    return unicodedata.normalize("NFKC", radical.translate(_SUPPLEMENT))
