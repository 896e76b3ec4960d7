"""Letters that a layer's fonts do not map, taken from the OCR of the same page.

Each code stands for the same letters throughout a font, as fi or ffl do. Words that both texts have, but for
such codes, say which; where they contradict each other, the code stays.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

_CODE = re.compile("[\x00-\x08\x0b-\x1f\ue000-\uf8ff]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_WORD_WITH_CODES = re.compile(f"(?:[^\\W\\d_]|{_CODE.pattern})+")
_MAX_WORDS = 5_000
_MAX_LETTERS = 3
# A word of fewer known letters fits too much.
_MIN_KNOWN = 2
_MIN_AGREEMENT = 0.6


def fill_holes(layer: str, ocr: str) -> str:
    """The layer's text with the characters that its codes stand for, as far as the OCR has them."""
    words = [word for word in _WORD_WITH_CODES.findall(layer) if _CODE.search(word)][:_MAX_WORDS]
    if not words:
        return layer
    letters = _letters_by_code(words, _WORD.findall(ocr)[:_MAX_WORDS])
    # Beside a character only: on its own a code is a bullet.
    return _WORD_WITH_CODES.sub(
        lambda match: (
            _CODE.sub(lambda code: letters.get(code[0], code[0]), match[0]) if len(match[0]) > 1 else match[0]
        ),
        layer,
    )


def _letters_by_code(words: list[str], read: list[str]) -> dict[str, str]:
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    text = "\n".join(dict.fromkeys(read))
    for word, count in Counter(words).items():
        if len(set(_CODE.findall(word))) > 1 or len(_CODE.sub("", word)) < _MIN_KNOWN:
            continue
        for letters in _fits(word, text):
            votes[_CODE.findall(word)[0]][letters] += count
    agreed = {code: _agreement(found) for code, found in votes.items()}
    return {code: letters for code, letters in agreed.items() if letters}


def _fits(word: str, text: str) -> set[str]:
    """What stands at the place of the word's code in the words that are the same elsewhere."""
    known, *others = _CODE.split(word)
    again = "".join(f"(?P=letters){re.escape(part)}" for part in others[1:])
    place = f"(?P<letters>[^\\W\\d_]{{1,{_MAX_LETTERS}}})"
    pattern = f"^{re.escape(known)}{place}{re.escape(others[0])}{again}$"
    return {match["letters"] for match in re.finditer(pattern, text, re.MULTILINE)}


def _agreement(found: Counter[str]) -> str | None:
    ((letters, count),) = found.most_common(1)
    return letters if count >= _MIN_AGREEMENT * found.total() else None
