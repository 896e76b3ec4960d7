"""Documents of every kind a company has, small, each revision with a word that no other document contains."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from worker.samples.documents import write_docx, write_pdf
from worker.samples.fonts import Font
from worker.samples.scans import write_scan

_CONSONANTS = "bcdfghjklmnprstv"
_WORD_CHARS = 8
_PICTURE_PX = (400, 160)
_TINY_DPI = 80

# Shares of the kinds: text and office files are most of a file server, scans most of its cost.
_KINDS = {"txt": 50, "docx": 15, "pdf": 15, "png": 10, "scan.pdf": 10}


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One revision of a document. `word` is found by a search, unless it `is_scanned` (then OCR may err)."""

    key: str
    data: bytes
    word: str
    is_scanned: bool = False


class Corpus:
    """Makes documents; the same seed makes the same keys, kinds and words."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"{seed}/corpus")
        self._revisions = 0

    def documents(self, count: int) -> Iterator[Document]:
        """New documents."""
        for number in range(count):
            kind = self._random.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
            # A space, a plus and Japanese: keys as they come from a file server.
            yield self._make(f"share/{number % 7}/文書 {number:04d}+.{kind}")

    def revision(self, document: Document) -> Document:
        """Other content under the same key."""
        return self._make(document.key)

    def _make(self, key: str) -> Document:
        self._revisions += 1
        word = word_of(self._revisions)
        kind = key.rpartition("+.")[2]
        return Document(
            key=key,
            data=_MAKERS[kind](word, self._revisions),
            word=word,
            is_scanned=kind in ("png", "scan.pdf"),
        )


def word_of(number: int) -> str:
    """A word for each number, without digits: no analyzer splits it."""
    chars = ""
    for _ in range(_WORD_CHARS):
        number, digit = divmod(number, len(_CONSONANTS))
        chars += _CONSONANTS[digit]
    return f"qz{chars}"


def scan(pages: int, *, dpi: int, seed: int = 0) -> bytes:
    """A scanned PDF without a text layer."""
    return _file(lambda path: write_scan(path, pages, seed=seed, dpi=dpi))


def _text(word: str, number: int) -> bytes:
    return (
        f"営業報告 第{number}号 {word}\n" + "本文です。この文書は試験のために作られました。\n" * 20
    ).encode()


def _docx(word: str, number: int) -> bytes:
    table = (("品目", "数量"), ("装置", str(number)))
    return _file(lambda path: write_docx(path, f"報告書 {number}", (f"内容は {word} です。",), table))


def _pdf(word: str, number: int) -> bytes:
    pages = tuple(f"技術仕様書 {number}\n{word} ページ {page}" for page in (1, 2))
    return _file(lambda path: write_pdf(path, pages, font=Font.GOTHIC))


def _png(word: str, number: int) -> bytes:
    picture, buffer = Image.new("L", _PICTURE_PX, 255), io.BytesIO()
    ImageDraw.Draw(picture).text((16, 50), f"{word} {number}", fill=0, font_size=32)
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _tiny_scan(word: str, number: int) -> bytes:
    return _file(lambda path: write_scan(path, 1, seed=number, dpi=_TINY_DPI, body=False))


_MAKERS: dict[str, Callable[[str, int], bytes]] = {
    "txt": _text,
    "docx": _docx,
    "pdf": _pdf,
    "png": _png,
    "scan.pdf": _tiny_scan,
}


def _file(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document"
        write(path)
        return path.read_bytes()
