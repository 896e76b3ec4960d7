"""Quality check of a PDF's text layer, from its characters alone.

A wrong layer is worse than none, because its page then counts as read. It shows in: unmapped characters,
symbols without letters, substituted letters (a font whose codes mean nothing outside the file), bytes
decoded with the wrong encoding, scripts mixed within words. A short text shows none of this and passes.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from enum import StrEnum
from functools import lru_cache

from worker.extract.pdf.layer.misread_bytes import is_in_other_encoding
from worker.extract.text.plausibility import plausibility, word_plausibility

_BROKEN_SHARE = 0.2
_MIN_LETTER_SHARE = 0.3
# So much is checked from the beginning of the page, and as much again from its middle.
_SAMPLE_CHARS = 1_200
_SYMBOL_RUN = re.compile(r"([^\w\s])\1+")
# What pdfium puts where a word was hyphenated at the end of a line (it joins the word).
_HYPHENS = "\x02\ufffe"
# Within Latin words, and codes behind them, where the fonts map the full stop as badly as the letters.
_HOLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\ue000-\uf8ff\ufffd](?=[A-Za-z])(?<=[A-Za-z].)|[\x01\x03-\x08\x0e-\x1f](?<=[!-~].)",
    re.DOTALL,
)
_MIN_HOLES, _MIN_HOLE_SHARE = 2, 0.004

_MIN_CIPHER_LETTERS = 80
# Mean frequency (in English) of a text's letters: English 0.066, French, German, Spanish and Romaji over
# 0.06, Finnish and Polish 0.05 and more; letters substituted at random 0.038.
_MIN_LIKENESS = 0.047
# Plausibility of such words: European languages 0.6, Welsh and Zulu 0.42, substituted letters up to 0.43.
_NO_WORDS, _FEW_WORDS = 0.38, 0.5
_SYMBOL_WORD = re.compile(r"[!-/:-@\[-`{-~]{4,}")
_MIN_DISTINCT_SYMBOLS, _MAX_SYMBOL_SHARE = 3, 0.15
# Thousandths of Latin letters in English text (R. Lewand, Cryptological Mathematics, 2000).
_FREQUENCY = dict(
    zip(
        "etaoinshrdlcumwfgypbvkjxqz",
        (127, 91, 82, 75, 70, 67, 63, 61, 60, 43, 40, 28, 28, 24, 24, 22, 20, 20, 19, 15, 10, 8, 2, 2, 1, 1),
        strict=True,
    )
)
_WORD = re.compile(r"(?<![\w.@/])[^\W\d_]{3,}(?![\w@/])")

_LETTERS = re.compile(r"[^\W\d_]+")
_VOWEL = re.compile("[aeiouyà-üAEIOUY]")
_MIN_LETTERS = 40
# Of the letters, those in words of three and more, no capitals: English 0.8, Japanese OCRed as English
# 0.1 to 0.3.
_MIN_PLAIN_SHARE = 0.5

# Plausibility: printed text over 0.8, tables of codes 0.5, misread text 0.2 to 0.5.
_MIN_WORD_SCORE = 0.55
_LEADERS = re.compile(r"(?:[.·…‥_\-–—] ?){4,}")
# Letters that the score knows nothing about.
_FOREIGN_SCRIPT = re.compile(r"[\u0370-\u1dff\ua000-\ud7af]+")

_SCRIPTS = (
    (0x0370, 0x03FF, "greek"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0530, 0x058F, "armenian"),
    (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x077F, "arabic"),
    (0x0900, 0x0DFF, "indic"),
    (0x0E00, 0x0EFF, "thai"),
    (0x0F00, 0x0FFF, "tibetan"),
    (0x1000, 0x109F, "burmese"),
    (0x10A0, 0x10FF, "georgian"),
    (0x1100, 0x11FF, "hangul"),
    (0x1200, 0x139F, "ethiopic"),
    (0x13A0, 0x13FF, "cherokee"),
    (0x1400, 0x167F, "aboriginal"),
    (0x1680, 0x177F, "other"),
    (0x1780, 0x17FF, "khmer"),
    (0x1800, 0x18AF, "mongolian"),
    (0x18B0, 0x1DFF, "other"),
    (0x3040, 0x30FF, "japanese"),
    (0x3400, 0x9FFF, "japanese"),
    (0xA000, 0xABFF, "other"),
    (0xAC00, 0xD7AF, "hangul"),
)
# Phonetic letters stand among other scripts only where codes of glyphs were taken for characters.
_FOREIGN_WORD = re.compile(r"[\u0250-\u02af\u0370-\u1dff\u3040-\u30ff\u3400-\ud7af]{2,}")
_NATURAL_NEIGHBOURS = frozenset({"japanese", "hangul"})
_MIXED_SHARE = 0.1
_EXTENSION_A = re.compile("[\u3400-\u4dbf]")
_MIN_EXTENSION, _MIN_EXTENSION_SHARE = 3, 0.03
_MIN_HAN = 20
# Real Chinese and Japanese pages use the first levels of their national sets for 97 % and more; of the
# unified ideographs as a whole these are a third.
_MIN_COMMON_HAN = 0.7


class LayerReason(StrEnum):
    """Why a text layer failed the quality check; the values are stored and stable.

    too_short     a few words on a scanned or outlined page, such as a stamp
    unmapped      its fonts do not map their glyphs to characters
    garbage       symbols, substituted letters, or bad OCR of an earlier program
    script_mix    decoded with the wrong encoding, or scripts mixed within words
    """

    TOO_SHORT = "too_short"
    UNMAPPED = "unmapped"
    GARBAGE = "garbage"
    SCRIPT_MIX = "script_mix"


def check_quality(raw: str) -> LayerReason | None:
    """Why the text of a layer, as pdfium reports it, cannot be real text; None where it passes."""
    # In the upper half of Latin-1, where mojibake is, but no letters: a space and a hyphen.
    sample = drop_hyphens(_sample(raw)).replace("\u00a0", " ").replace("\u00ad", "")
    chars = "".join(sample.split())
    counts = Counter(chars)
    if not chars.isascii() and is_in_other_encoding(sample, len(chars)):
        return LayerReason.SCRIPT_MIX
    if _count_unmapped(counts) > _BROKEN_SHARE * len(chars) or has_holes(sample):
        return LayerReason.UNMAPPED
    letters = sum(count for char, count in counts.items() if char.isalnum())
    if letters < _MIN_LETTER_SHARE * len(_SYMBOL_RUN.sub(r"\1", chars)):
        return LayerReason.GARBAGE
    if not chars.isascii() and (_mixes_scripts(sample, counts) or _has_odd_han(counts)):
        return LayerReason.SCRIPT_MIX
    return LayerReason.GARBAGE if _is_cipher(sample) or _is_symbols(sample) else None


def may_be_misread(raw: str) -> bool:
    """Whether few words look like words, as where an earlier program misread a scan.

    Codes, and capitals throughout, look the same: reason enough to OCR a scan again, not to reject a layer.
    """
    sample = drop_hyphens(_sample(raw))
    every = _LETTERS.findall(sample)
    count = sum(map(len, every))
    if count < _MIN_LETTERS:
        return False
    foreign = sum(map(len, _FOREIGN_SCRIPT.findall(sample)))
    if 2 * foreign < count and word_score(sample) < _MIN_WORD_SCORE:
        return True
    words = [word for word in every if _script(word[0]) == "none"]
    letters = sum(map(len, words))
    if letters < max(_MIN_LETTERS, count / 2):
        return False
    plain = sum(len(word) for word in words if len(word) > 2 and word[1:].islower() and _VOWEL.search(word))
    return plain < _MIN_PLAIN_SHARE * letters


def word_score(text: str) -> float:
    """How plausible a text is (`plausibility`), leaders aside."""
    return plausibility(_LEADERS.sub(" ", text))


def has_holes(text: str) -> bool:
    """Whether words lack letters, again and again: they would not be found."""
    holes = len(_HOLE.findall(text))
    return holes >= _MIN_HOLES and holes >= _MIN_HOLE_SHARE * len(text)


def drop_hyphens(raw: str) -> str:
    """The text without the characters that pdfium puts where a word was hyphenated."""
    for hyphen in _HYPHENS:
        raw = raw.replace(hyphen, "")
    return raw


def _sample(raw: str) -> str:
    if len(raw) <= 2 * _SAMPLE_CHARS:
        return raw
    middle = len(raw) // 2
    return f"{raw[:_SAMPLE_CHARS]} {raw[middle : middle + _SAMPLE_CHARS]}"


def _count_unmapped(counts: Counter[str]) -> int:
    return sum(
        count
        for char, count in counts.items()
        if char == "\ufffd" or ((not char.isascii() or char < " ") and _is_no_character(char))
    )


def _is_no_character(char: str) -> bool:
    """Whether it is a control, in private use, or unassigned."""
    return unicodedata.category(char) in ("Cc", "Cn", "Co")


def _mixes_scripts(text: str, counts: Counter[str]) -> bool:
    """Whether letters of different scripts stand side by side in one word, again and again."""
    if len({_script(char) for char in counts} - {"none"} - _NATURAL_NEIGHBOURS) == 0:
        return False
    breaks = 0
    for word in _FOREIGN_WORD.findall(text):
        scripts = [_script(char) for char in word]
        for one, other in itertools.pairwise(scripts):
            breaks += one != other and not {one, other} <= _NATURAL_NEIGHBOURS
    return breaks > _MIXED_SHARE * counts.total()


@lru_cache(maxsize=20_000)
def _script(char: str) -> str:
    code = ord(char)
    return next((name for first, last, name in _SCRIPTS if first <= code <= last), "none")


def _has_odd_han(counts: Counter[str]) -> bool:
    """Whether most ideographs are rare ones, as a wrong code table makes them."""
    han = {char: count for char, count in counts.items() if "\u3400" <= char <= "\u9fff"}
    total = sum(han.values())
    common = sum(count for char, count in han.items() if _is_common_han(char))
    extension = sum(count for char, count in han.items() if _EXTENSION_A.match(char))
    if extension >= max(_MIN_EXTENSION, _MIN_EXTENSION_SHARE * total):
        return True
    return total >= _MIN_HAN and common < _MIN_COMMON_HAN * total


@lru_cache(maxsize=20_000)
def _is_common_han(char: str) -> bool:
    """First level of JIS X 0208 (rows 16 to 47), GB 2312 (16 to 55) or Big5 (A4 to C6)."""
    return (
        0xB0 <= char.encode("euc_jp", "replace")[0] <= 0xCF
        or 0xB0 <= char.encode("gb2312", "replace")[0] <= 0xD7
        or 0xA4 <= char.encode("big5", "replace")[0] <= 0xC6
    )


def _is_cipher(text: str) -> bool:
    """Whether Latin words use letters as no language does: one letter substituted for another throughout."""
    # Capitals throughout and words beside digits are left out: lists of codes and parts look the same.
    words = [word for word in _WORD.findall(text) if word.isascii() and not word.isupper()]
    letters = Counter("".join(words).lower())
    total = letters.total()
    if total < _MIN_CIPHER_LETTERS:
        return False
    score = sum(len(word) * _plausibility(word) for word in words) / total
    likeness = sum(_FREQUENCY.get(letter, 0) * count for letter, count in letters.items()) / 1_000 / total
    return score < _NO_WORDS or (score < _FEW_WORDS and likeness < _MIN_LIKENESS)


@lru_cache(maxsize=20_000)
def _plausibility(word: str) -> float:
    # The pages of a document have most of their words in common.
    return word_plausibility(word)


def _is_symbols(text: str) -> bool:
    """Whether symbols make words, as where digits are mapped and letters are not."""
    runs = [run for run in _SYMBOL_WORD.findall(text) if len(set(run)) >= _MIN_DISTINCT_SYMBOLS]
    return sum(map(len, runs)) > _MAX_SYMBOL_SHARE * len("".join(text.split()))
