"""Whether a page that no model reads is written in a script that none of them knows."""

from __future__ import annotations

from pathlib import Path

from worker.extract.ocr.engines import TesseractEngine
from worker.extract.ocr.evidence.reading_quality import is_convincing
from worker.extract.ocr.tesseract_cli import installed_languages
from worker.extract.ocr.tesseract_tsv import OcrText

OTHER_SCRIPTS = frozenset(
    [
        "Arabic",
        "Armenian",
        "Bengali",
        "Canadian_Aboriginal",
        "Cherokee",
        "Cyrillic",
        "Devanagari",
        "Ethiopic",
        "Georgian",
        "Greek",
        "Gujarati",
        "Gurmukhi",
        "Hangul",
        "Hebrew",
        "Kannada",
        "Khmer",
        "Korean",
        "Lao",
        "Malayalam",
        "Myanmar",
        "Oriya",
        "Sinhala",
        "Syriac",
        "Tamil",
        "Telugu",
        "Thaana",
        "Thai",
        "Tibetan",
    ]
)
"""Tesseract's names, without those that Japanese and European languages are written in."""
_MIN_CONFIDENCE = 1.5
"""Three lines of Arabic came to 2.0, of Cyrillic to 3.0, of Greek to 11."""
_HANGUL = frozenset(["Hangul", "Korean"])
"""Tesseract counts Hangul for both, and its confidence is the lead of the first over the second: 0.11 and
0.18 on clean pages of 3 and 24 lines."""
_MIN_CHARS = 12
"""Of such a line; fewer are read by chance."""
_MODEL = "osd"


def is_in_other_script(ocr_text: OcrText, picture: Path, *, engine: TesseractEngine, dpi: int) -> bool:
    """Whether a page whose text is not convincing shows another script; asks only where it may."""
    if is_convincing(ocr_text) or _MODEL not in installed_languages():
        return False
    script, confidence = engine.detect_script(picture, dpi=dpi)
    if script in _HANGUL and not ocr_text.words:
        return True  # which costs no text
    return script in OTHER_SCRIPTS and confidence >= _MIN_CONFIDENCE


def convincing_lines(ocr_text: OcrText) -> OcrText:
    """The lines that are a text by themselves: an English name in a Russian form."""
    return OcrText.from_lines(
        [
            line
            for line in ocr_text.lines
            if is_convincing(OcrText.from_lines([line])) and line.chars >= _MIN_CHARS
        ]
    )
