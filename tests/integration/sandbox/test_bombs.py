"""Small files that unfold: each ends within its limits under its code, and a neighbour is read."""

from __future__ import annotations

import io
import itertools
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.sandbox.conftest import options
from worker.errors import Code, RejectedError
from worker.models.page import Page
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

_MIB = 1024**2
# A hang shows in this; what a bomb may cost is counted in CPU seconds, which a busy machine does not change.
_HANG_S = 250.0
_MAX_CPU_S = 100.0
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def zeros(size: int) -> bytes:
    """So many zeros, deflated piece by piece; 1,000 MiB stand for what is over the limits anyway."""
    packer, piece, size = zlib.compressobj(6), bytes(_MIB), min(size, 1_000 * _MIB)
    return b"".join(packer.compress(piece) for _ in range(size // _MIB)) + packer.flush()


def png(width: int, height: int) -> bytes:
    """An RGBA picture of nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zeros((width * 4 + 1) * height + _MIB)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def tiff(width: int, height: int) -> bytes:
    """One deflated strip of RGBA."""
    strip = zeros(width * height * 4 + _MIB)
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 4),
        (278, 4, 1, height),
        (279, 4, 1, len(strip)),
        (338, 3, 1, 2),
    ]
    strip += b"\0" * (len(strip) % 2)
    folder = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + folder + bytes(4)


def pdf(stream: bytes, more: str = "") -> bytes:
    """One page with that deflated content stream; `more` are objects from 5 on."""
    out = (
        b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
        b"2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n"
        b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /XObject << /F 5 0 R >> >> >> endobj\n"
        + f"4 0 obj << /Filter /FlateDecode /Length {len(stream)} >>\nstream\n".encode()
        + stream
        + b"\nendstream endobj\n"
    )
    return out + more.encode() + b"trailer << /Root 1 0 R >>\n%%EOF"


def nested_forms(levels: int, width: int) -> bytes:
    """Forms that draw the next form many times: width to the power of levels drawings."""
    content = " ".join(["/F Do"] * width)
    forms = "".join(
        f"{5 + level} 0 obj << /Type /XObject /Subtype /Form /BBox [0 0 600 800] "
        f"/Resources << /XObject << /F {6 + level} 0 R >> >> /Length {len(content)} >>\n"
        f"stream\n{content}\nendstream endobj\n"
        for level in range(levels)
    )
    last = "0 0 1 1 re f"
    forms += (
        f"{5 + levels} 0 obj << /Type /XObject /Subtype /Form /BBox [0 0 600 800] /Length {len(last)} >>\n"
        f"stream\n{last}\nendstream endobj\n"
    )
    return pdf(zlib.compress(content.encode()), forms)


def docx(body: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", body)
    return packed.getvalue()


def paragraphs(count: int) -> bytes:
    return f'<w:document xmlns:w="{_WORD}"><w:body>'.encode() + b"<w:p/>" * count + b"</w:body></w:document>"


def laughs() -> bytes:
    """Entities of entities of entities."""
    names = "abcdefghij"
    entities = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    )
    start = f'<!DOCTYPE w:document [<!ENTITY a "ha">{entities}]><w:document xmlns:w="{_WORD}">'
    return f"{start}<w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>".encode()


_BOMBS: dict[str, tuple[Callable[[], bytes], dict[str, float], set[Code | None]]] = {
    "pixels.png": (lambda: png(10_001, 10_000), {}, {Code.TOO_MANY_PIXELS}),
    "memory.png": (lambda: png(9_900, 9_900), {}, {Code.MEMORY}),
    "pixels.tif": (lambda: tiff(10_001, 10_000), {}, {Code.TOO_MANY_PIXELS}),
    "memory.tif": (lambda: tiff(9_900, 9_900), {}, {Code.MEMORY}),
    "stream.pdf": (lambda: pdf(zeros(1_000 * _MIB)), {}, {Code.MEMORY, Code.CRASHED, Code.CORRUPT}),
    "forms.pdf": (lambda: nested_forms(12, 30), {"cpu_s": 5}, {Code.TIMEOUT, Code.MEMORY, Code.CRASHED}),
    "zeros.docx": (lambda: docx(bytes(300 * _MIB)), {}, {Code.BOMB}),
    "paragraphs.docx": (lambda: docx(paragraphs(8_000_000)), {}, {Code.MEMORY, None}),
    "laughs.docx": (lambda: docx(laughs()), {}, {Code.CORRUPT, None}),
    "long.txt": (lambda: b"word " * 4_000_000, {}, {Code.TOO_LARGE}),
}


def read(sandbox: Sandbox, path: Path) -> set[Code | str | None]:
    """The code of the document, or else those of its pages."""
    request = ExtractionRequest(path=path, name=path.name, folder=path.parent)
    pages: list[Page] = []
    try:
        with sandbox.open(request) as run:
            run.detect()
            run.go()
            while not isinstance(event := run.next(_HANG_S), ReadingEnded):
                assert event is not None, "it hangs"
                if isinstance(event, Page):
                    pages.append(event)
    except RejectedError as error:
        return {error.code}
    return {event.code} if event.code else {page.reason for page in pages}


def put(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir()
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("name", _BOMBS)
def test_a_bomb_ends_under_its_code_within_its_limits(
    name: str, start: Callable[..., Sandbox], tmp_path: Path
) -> None:
    make, changes, expected = _BOMBS[name]
    bomb, neighbour = put(tmp_path / "1", name, make()), put(tmp_path / "2", "a.txt", b"some text")
    limits = {"memory_bytes": 500 * _MIB, "cpu_s": 60}
    sandbox = start(options(**(limits | changes)))
    assert read(sandbox, bomb) <= expected
    assert sandbox.cpu_s < _MAX_CPU_S
    assert read(sandbox, neighbour) == {None}
