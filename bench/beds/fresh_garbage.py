"""What spoils the layers of the fresh bed: wrong encodings, codes taken for characters, shifts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reportlab.pdfbase.ttfonts import TTFontFile

from bench.beds.garbage_layers import Change
from worker.samples.fonts import Font, font_path

_FIRST_CONTROL = 1


def _other_encoding(written: str, shown: str) -> Callable[[], Change]:
    def change(char: str) -> str:
        if char.isascii():
            return char
        return char.encode(written, "replace").decode(shown, "replace")

    return lambda: change


def _shift(step: int) -> Callable[[], Change]:
    """All that is printed, digits and symbols, too."""
    return lambda: lambda char: char if char.isspace() else chr(max(1, ord(char) + step))


def _glyph_numbers() -> Change:
    """The font's number of the glyph as if it were a character, as of a map that is left out."""
    glyphs: dict[int, int] = TTFontFile(str(font_path(Font.MINCHO))).charToGlyph
    return lambda char: chr(glyphs.get(ord(char), ord(char)) or 1)


def _control_codes() -> Change:
    """Codes of a subset in the order of first use: the first thirty are control codes."""
    codes: dict[str, int] = {}
    return lambda char: chr(codes.setdefault(char, len(codes) + _FIRST_CONTROL))


def _only_controls() -> Change:
    return lambda char: char if char.isspace() else chr(0x80 + ord(char) % 0x20)


LATIN: Mapping[str, Callable[[], Change]] = {
    "latin-1 as MacRoman": _other_encoding("cp1252", "mac_roman"),
    "MacRoman as latin-1": _other_encoding("mac_roman", "cp1252"),
    "latin-1 as cp437": _other_encoding("cp1252", "cp437"),
    "UTF-8 as MacRoman": _other_encoding("utf-8", "mac_roman"),
    "codes 29 lower": _shift(-29),
    "codes 31 lower": _shift(-31),
    "codes 3 higher": _shift(3),
    "subset codes": _control_codes,
    "C1 controls": _only_controls,
}
JAPANESE: Mapping[str, Callable[[], Change]] = {
    "EUC as SJIS": _other_encoding("euc_jp", "cp932"),
    "SJIS as EUC": _other_encoding("cp932", "euc_jp"),
    "UTF-8 as SJIS": _other_encoding("utf-8", "cp932"),
    "SJIS as MacRoman": _other_encoding("cp932", "mac_roman"),
    "CID as Unicode": _glyph_numbers,
    "codes 1 higher": _shift(1),
    "codes 64 higher": _shift(64),
    "subset codes": _control_codes,
}
