"""The network's files, which the wheel of RapidOCR has: where they are, what they are, what they can write.

RapidOCR itself is not imported: loading it costs as much CPU as reading a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path

_PACKAGE = "rapidocr"
_FOLDER = "models"
_DETECTION = "PP-OCRv6_det_small.onnx"
_RECOGNITION = "PP-OCRv6_rec_small.onnx"
_HASH_CHARS = 12
_OTHER_HAN = ("chi_", "kor")
"""Prefixes of the languages whose kanji are not those of Japanese."""
_OLD_FORMS = "增寬德悅敎橫淸瀨綠緖賴郞閒靑黑"
"""Of kanji that JIS X 0208 has in the new form alone; vendors added the old one. They are everyday Chinese,
so the network takes 増 for 增, which no Japanese page has but in a name."""
_LATIN_END = 0x250
_PUNCTUATION = range(0x2010, 0x2050)
_SYMBOLS = "€™−≤≥≠±×÷"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFiles:
    """Where detection and recognition are on this machine."""

    detection: Path
    recognition: Path


@cache
def model_files() -> ModelFiles | None:
    """The files, or None where the wheel that has them is not installed."""
    spec = util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0], _FOLDER)
    files = ModelFiles(detection=folder / _DETECTION, recognition=folder / _RECOGNITION)
    return files if files.detection.is_file() and files.recognition.is_file() else None


@cache
def models_version() -> str:
    """What the two files are, "" where they are missing: their name and a hash over their bytes."""
    files = model_files()
    if files is None:
        return ""
    # The version of the wheel says nothing: another one may have the same files, or others by the same name.
    both = hashlib.sha256(files.detection.read_bytes() + files.recognition.read_bytes())
    return f"PP-OCRv6-small {both.hexdigest()[:_HASH_CHARS]}"


def classes_of(characters: Sequence[str], languages: Sequence[str]) -> list[int]:
    """The positions of the characters that pages in these languages are written with, in order.

    The network knows Chinese and Japanese forms alike, and writes 產 for 産, which no search for 産業 finds.
    What is not among these cannot be read, and the smaller alphabet costs a third less.
    """
    if any(language.startswith(_OTHER_HAN) for language in languages):
        return list(range(len(characters)))
    return [position for position, char in enumerate(characters) if _is_allowed(char)]


def _is_allowed(char: str) -> bool:
    if len(char) != 1 or ord(char) < _LATIN_END or ord(char) in _PUNCTUATION or char in _SYMBOLS:
        return True
    if char in _OLD_FORMS:
        return False
    try:
        char.encode("cp932")  # JIS X 0208 and the vendors' extensions of it
    except UnicodeEncodeError:
        return False
    return True
