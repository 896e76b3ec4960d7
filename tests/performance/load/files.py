"""The files that users send: drawn once before the run, and made unique at each send.

Two files of the same bytes are the cheap case, a copy: neither OCR nor Bedrock. So each file that is sent has
a word of its own: a PDF in its text layer, a picture in its metadata and in its name.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from worker.samples.fonts import Font, font_path

PDF, IMAGE = "pdf", "image"

_JAPANESE = "HeiseiKakuGo-W5"  # a font of the format itself: no file is needed
_WORD_CHARS = 14
_PLACE = b"X" * _WORD_CHARS
_PDF_PAGES = (1, 1, 2, 1, 3, 1, 2, 5)
_PICTURES = 8
_PICTURE_PX = (640, 200)
_LINES_A_PAGE = 30
_SENTENCES = (
    "The invoice was checked against the order and paid on the last day of the month.",
    "営業報告書は毎月の初めに各部署から提出され、本社で集計される。",
    "Delivery of the spare parts is expected within ten working days.",
    "契約の更新については、期限の三十日前までに書面で通知するものとする。",
)
_PICTURE_LINES = ("INVOICE", "RECEIPT", "DELIVERY NOTE", "ORDER FORM")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadFile:
    """A file to send. A search for `word` finds it and no other."""

    kind: str
    name: str
    word: str
    data: bytes


class Corpus:
    """Makes files of the two kinds; their words are those of one run."""

    def __init__(self, seed: int) -> None:
        self._prefix = _letters(random.Random(seed).randrange(26**6), 6)
        self._count = 0
        self._pdfs = [_draw_pdf(pages, number) for number, pages in enumerate(_PDF_PAGES)]
        self._pictures = [_draw_picture(number) for number in range(_PICTURES)]

    def pdf(self) -> LoadFile:
        """A PDF with a text layer, Japanese and English."""
        word = self._next_word()
        data = self._pdfs[self._count % len(self._pdfs)].replace(_PLACE, word.encode())
        return LoadFile(kind=PDF, name=f"report-{self._count:06d}.pdf", word=word, data=data)

    def image(self) -> LoadFile:
        """A small picture with a few printed words, PNG or JPEG by turns."""
        word = self._next_word()
        picture = self._pictures[self._count % len(self._pictures)]
        name = f"{word}-{self._count:06d}.{picture.extension}"
        return LoadFile(kind=IMAGE, name=name, word=word, data=picture.with_word(word))

    def _next_word(self) -> str:
        self._count += 1
        # Latin characters only: no analyzer splits such a word.
        return f"zq{self._prefix}{_letters(self._count, _WORD_CHARS - 8)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Picture:
    extension: str
    data: bytes
    embed: Callable[[bytes, str], bytes]

    def with_word(self, word: str) -> bytes:
        return self.embed(self.data, word)


def _letters(number: int, length: int) -> str:
    letters = ""
    for _ in range(length):
        number, digit = divmod(number, 26)
        letters = chr(ord("a") + digit) + letters
    return letters


def _draw_pdf(pages: int, number: int) -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont(_JAPANESE))
    file = io.BytesIO()
    # Not compressed, so that the word can be put into its place.
    canvas = Canvas(file, pagesize=A4, pageCompression=0, invariant=1)
    for page in range(pages):
        canvas.setFont("Helvetica", 14)
        canvas.drawString(60, A4[1] - 60, f"Report {number}, page {page + 1}")
        canvas.drawString(60, A4[1] - 84, _PLACE.decode())
        canvas.setFont(_JAPANESE, 10)
        for line in range(_LINES_A_PAGE):
            text = _SENTENCES[(line + page + number) % len(_SENTENCES)]
            canvas.drawString(60, A4[1] - 120 - 20 * line, f"{line + 1}. {text}")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _draw_picture(number: int) -> _Picture:
    image, file = Image.new("L", _PICTURE_PX, 255), io.BytesIO()
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(Path(font_path(Font.VERA)), 40)
    draw.text((30, 30), f"{_PICTURE_LINES[number % len(_PICTURE_LINES)]} {4711 + number}", fill=0, font=font)
    draw.text((30, 110), f"Total amount {1200 + 35 * number}", fill=0, font=font)
    if number % 2:
        image.save(file, "JPEG", quality=85)
        return _Picture(extension="jpg", data=file.getvalue(), embed=_embed_in_jpeg)
    image.save(file, "PNG")
    return _Picture(extension="png", data=file.getvalue(), embed=_embed_in_png)


def _embed_in_jpeg(data: bytes, word: str) -> bytes:
    """The picture with a comment after its start marker."""
    comment = word.encode()
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + data[2:]


def _embed_in_png(data: bytes, word: str) -> bytes:
    """The picture with a text chunk after its header, which is 8 bytes of signature and 25 of IHDR."""
    chunk = b"tEXtComment\0" + word.encode()
    length, check = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
    return data[:33] + length + chunk + check + data[33:]
