"""Write worker/extract/text/sequences.xz: which letters follow each other, counted in texts and word lists.

    python scripts/sequence_tables.py CORPUS

CORPUS has a file a language, in UTF-8: ja.txt, and others for the languages in Latin letters; ja.words, a
Japanese word a line. Those of the table in the repository are manual pages and message catalogues of Debian
12 (manpages-ja, maint-guide-ja, debian-reference-ja; /usr/share/man and /usr/share/locale of da de en es fr
it nl pl pt_BR sv), and the nouns, adverbs and places of mecab-ipadic 2.7.0 for the pairs of kanji.
"""

from __future__ import annotations

import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from worker.extract.text.plausibility import HIRAGANA, KANJI, KATAKANA, LETTERS, TABLES, bare_letters

_SAMPLED_CHARS = 4_000_000
_MOST_OF_A_WORD = 100
_MIN_PER_MILLION = 10.0
_MIN_HIRAGANA_PAIRS, _MIN_KATAKANA_PAIRS, _MIN_KANJI_PAIRS = 20, 3, 3
_WORD = re.compile(r"[^\W\d_]+")


def main(corpus: Path) -> None:
    """Count, and write the table."""
    quadruples: set[str] = set()
    for path in sorted(corpus.glob("*.txt")):
        if path.stem != "ja":
            quadruples |= _usual_quadruples(path.read_text("utf-8")[-_SAMPLED_CHARS:])
    japanese = (corpus / "ja.txt").read_text("utf-8")
    words = (corpus / "ja.words").read_text("utf-8")
    kanji = _usual_pairs(japanese, KANJI, _MIN_KANJI_PAIRS) | _usual_pairs(words, KANJI, 1)
    packed = [
        _pack(quadruples, LETTERS),
        _pack(_usual_pairs(japanese, HIRAGANA, _MIN_HIRAGANA_PAIRS), HIRAGANA),
        _pack(_usual_pairs(japanese, KATAKANA, _MIN_KATAKANA_PAIRS), KATAKANA),
        _pack(kanji, KANJI),
    ]
    TABLES.write_bytes(lzma.compress(b"".join(packed), preset=9))


def _usual_quadruples(text: str) -> set[str]:
    words = Counter(word for word in _WORD.findall(text) if word.islower() or word.istitle())
    counts: Counter[str] = Counter()
    for word, count in words.items():
        letters = bare_letters(word)
        if count > 1 and letters.isascii():
            padded = f"{LETTERS[-1]}{letters}{LETTERS[-1]}"
            for start in range(len(padded) - 3):
                counts[padded[start : start + 4]] += min(count, _MOST_OF_A_WORD)
    least = _MIN_PER_MILLION * counts.total() / 1e6
    return {quadruple for quadruple, count in counts.items() if count >= least}


def _usual_pairs(text: str, alphabet: str, least: int) -> set[str]:
    runs = re.findall(f"[{re.escape(alphabet)}]+", text)
    counts = Counter(run[start : start + 2] for run in runs for start in range(len(run) - 1))
    return {pair for pair, count in counts.items() if count >= least}


def _pack(sequences: Iterable[str], alphabet: str) -> bytes:
    """The number of sequences in four bytes, then their distances in groups of seven bits."""
    order = {char: place for place, char in enumerate(alphabet)}
    places = []
    for sequence in sequences:
        place = 0
        for char in sequence:
            place = place * len(alphabet) + order[char]
        places.append(place)
    packed = bytearray(len(places).to_bytes(4, "big"))
    last = 0
    for place in sorted(places):
        distance, last = place - last, place
        while distance >= 0x80:
            packed.append(0x80 | distance & 0x7F)
            distance >>= 7
        packed.append(distance)
    return bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
