"""Pages whose layer is garbage: good ones with another ToUnicode, and their pictures under bad OCR."""

from __future__ import annotations

import io
import random
import re
import string
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pypdfium2
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

Change = Callable[[str], str]

_SECTION = re.compile(rb"\d+\s+begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_CODE = re.compile(rb"<([0-9a-fA-F\s]*)>")
_RANGE = re.compile(rb"<(\w+)>\s*<(\w+)>\s*(\[[^\]]*\]|<\w+>)")
_TIMEOUT_S = 600


def _cipher(char: str) -> str:
    letters = list(string.ascii_lowercase)
    random.Random(7).shuffle(letters)
    return char.translate(str.maketrans(string.ascii_letters, "".join(letters) + "".join(letters).upper()))


def _mojibake(encoding: str, shown_in: str) -> Change:
    return lambda char: char.encode(encoding, "replace").decode(shown_in, "replace")


CHANGES: dict[str, Change] = {
    "shifted by one": lambda char: chr(ord(char) + 1) if char.isalpha() else char,
    "cipher": _cipher,
    "private use": lambda char: chr(0xE000 + ord(char) % 0x1000) if char.isalpha() else char,
    "replacement": lambda char: "\ufffd" if char.lower() in "aeinorst" or char > "\u3000" else char,
    "controls": lambda char: chr(1 + ord(char) % 28) if char.isalpha() else char,
    "symbols": lambda char: chr(0x21 + ord(char) % 15) if char.isalpha() else char,
    "ligatures lost": lambda char: chr(0xE100 + ord(char)) if char in "fit" else char,
    "cp932 as latin-1": _mojibake("cp932", "latin-1"),
    "euc_jp as cp1252": _mojibake("euc_jp", "cp1252"),
    "utf-8 as cp1252": _mojibake("utf-8", "cp1252"),
    "rare ideographs": lambda char: chr(0x4E00 + ord(char) * 199 % 0x51A0) if char.isalpha() else char,
    "scripts mixed": lambda char: (
        chr((0x3B1, 0x5D0, 0xE01, 0x10D0)[ord(char) % 4] + ord(char) % 20) if char.isalpha() else char
    ),
}
JAPANESE_ONLY = ("cp932 as latin-1", "euc_jp as cp1252")
LATIN_ONLY = ("cipher", "ligatures lost")


def changed(path: Path, page: int, change: Change, target: Path) -> Path:
    """A PDF of one page, its fonts mapped to other characters."""
    with pikepdf.open(path) as source, pikepdf.new() as alone:
        alone.pages.append(source.pages[page])
        for font in alone.objects:
            if isinstance(font, pikepdf.Dictionary) and isinstance(font.get("/ToUnicode"), pikepdf.Stream):
                mapping = font["/ToUnicode"].read_bytes()
                font["/ToUnicode"] = pikepdf.Stream(alone, _remap(mapping, change))
        alone.save(target)
    return target


def _remap(mapping: bytes, change: Change) -> bytes:
    return _SECTION.sub(lambda match: _remap_section(match, change), mapping)


def _remap_section(match: re.Match[bytes], change: Change) -> bytes:
    pairs = _pairs(match[2]) if match[1] == b"bfchar" else _pairs_of_ranges(match[2])
    lines = [
        b"<%s> <%s>" % (code, _to_hex("".join(map(change, _from_hex(target))))) for code, target in pairs
    ]
    chunks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    return b"\n".join(b"%d beginbfchar\n%s\nendbfchar" % (len(chunk), b"\n".join(chunk)) for chunk in chunks)


def _pairs(section: bytes) -> Iterator[tuple[bytes, bytes]]:
    codes = iter(_CODE.findall(section))
    yield from zip(codes, codes, strict=True)


def _pairs_of_ranges(section: bytes) -> Iterator[tuple[bytes, bytes]]:
    for first, last, targets in _RANGE.findall(section):
        listed = _CODE.findall(targets)
        for step in range(int(last, 16) - int(first, 16) + 1):
            code = b"%0*x" % (len(first), int(first, 16) + step)
            if targets.startswith(b"["):
                yield code, listed[step]
            else:
                yield code, b"%0*x" % (len(listed[0]), int(listed[0], 16) + step)


def _from_hex(code: bytes) -> str:
    return bytes.fromhex(code.decode("ascii")).decode("utf-16-be", "replace")


def _to_hex(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass").hex().encode("ascii")


def misread_scan(path: Path, page: int, target: Path, *, language: str) -> Path:
    """The picture of a page under the layer that Tesseract makes in a language; "stutter" doubles letters."""
    picture = pypdfium2.PdfDocument(path)[page].render(scale=2.0).to_pil().convert("L")
    if language == "stutter":
        text = pypdfium2.PdfDocument(path)[page].get_textpage().get_text_bounded()
        return _with_layer(picture, _stutter(text), target)
    drawn = target.with_suffix(".png")
    picture.save(drawn)
    command = ["tesseract", str(drawn), str(target.with_suffix("")), "-l", language, "pdf"]
    subprocess.run(command, check=True, timeout=_TIMEOUT_S, capture_output=True)
    return target


def _stutter(text: str) -> str:
    chosen = random.Random(1)
    return "".join(
        char * chosen.choice((1, 2, 2, 3)) if char.isalpha() and chosen.random() < 0.6 else char
        for char in text
    )


def _with_layer(picture: object, text: str, target: Path) -> Path:
    font = "HeiseiKakuGo-W5"
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    canvas = Canvas(str(target), pagesize=(595, 842))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")  # type: ignore[attr-defined]
    canvas.drawImage(ImageReader(buffer), 0, 0, 595, 842)
    written = canvas.beginText(50, 800)
    written.setFont(font, 9)
    written.setTextRenderMode(3)
    for line in text.splitlines()[:70]:
        written.textLine(line)
    canvas.drawText(written)
    canvas.save()
    return target
