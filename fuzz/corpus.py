"""The files that are damaged: the samples of every type, and small ones, for those are read fastest."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from openpyxl import Workbook
from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener
from pptx import Presentation

from tests.stand_ins.packed_mails import SIGNED, block, winmail
from worker.samples.scans import write_scan
from worker.samples.texts import MINUTES
from worker.samples.write import write_samples

_LARGE_BYTES = 400_000
"""Larger samples are left out: what is read of them is in the small ones too."""
_DAY = time.gmtime(0)
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SAVED_AS: dict[str, tuple[str, dict[str, object]]] = {
    "small.png": ("PNG", {}),
    "small.jpg": ("JPEG", {}),
    "small.gif": ("GIF", {"save_all": True}),
    "small.bmp": ("BMP", {}),
    "small.webp": ("WEBP", {}),
    "small-raw.tif": ("TIFF", {"save_all": True}),
    "small-lzw.tif": ("TIFF", {"save_all": True, "compression": "tiff_lzw"}),
    "small-jpeg.tif": ("TIFF", {"save_all": True, "compression": "jpeg"}),
    "small-deflate.tif": ("TIFF", {"save_all": True, "compression": "tiff_adobe_deflate"}),
    "small-pictures.pdf": ("PDF", {"save_all": True, "creationDate": _DAY, "modDate": _DAY}),
    "small.jp2": ("JPEG2000", {}),
    "small.heic": ("HEIF", {}),
}
_ENCODINGS = ("utf-8", "utf-16", "utf-32", "shift_jis", "euc_jp", "iso2022_jp")
_HTML = "<!DOCTYPE html><html><head><title>報告</title></head><body><td>売上</td></body></html>"

_WORD_2003 = (
    '<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">'
    "<w:body><w:p><w:r><w:t>報告</w:t></w:r></w:p></w:body></w:wordDocument>"
)
_EXCEL_2003 = (
    '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>'
    "<Row><Cell><Data>売上</Data></Cell></Row></Table></Worksheet></Workbook>"
)


def corpus() -> dict[str, bytes]:
    """Name -> bytes; the same every time, so that a seed is enough to repeat a case."""
    return dict(sorted(_files()))


def _files() -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory(prefix="fuzz-corpus-") as name:
        folder = Path(name)
        for sample in write_samples(folder):
            if sample.path.stat().st_size <= _LARGE_BYTES:
                yield sample.path.name, sample.path.read_bytes()
        write_scan(folder / "small-scan.pdf", 1, dpi=60)
        yield "small-scan.pdf", (folder / "small-scan.pdf").read_bytes()
    yield from _pictures()
    yield from _texts()
    yield "small.xlsx", _workbook()
    yield "small.pptx", _slides()
    yield from _containers()


def _containers() -> Iterator[tuple[str, bytes]]:
    """Archives of two texts, and a mail that one of them is attached to."""
    texts = {"一.txt": _HTML.encode(), "二.txt": MINUTES.encode()}
    packed, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive, tarfile.open(fileobj=tarred, mode="w") as tar:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Date"] = "a@example.com", "報告", "Mon, 30 Nov 2026 10:00:00 +0900"
    mail.set_content(texts["二.txt"].decode())
    mail.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="報告.zip")
    mail.set_boundary("fuzz-boundary")
    yield "small.zip", packed.getvalue()
    yield "small.tar", tarred.getvalue()
    yield "small.tar.gz", gzip.compress(tarred.getvalue(), mtime=0)
    yield "small.eml", mail.as_bytes()
    yield from _containers_of_programs(texts["二.txt"], tarred.getvalue())
    yield "small.mbox", b"From a@example.com Mon Nov 30 10:00:00 2026\n" + mail.as_bytes()


def _containers_of_programs(text: bytes, tarred: bytes) -> Iterator[tuple[str, bytes]]:
    """Mails whose files are in forms of single programs, and archives that are not alone in their file."""
    packed, signed = winmail(("報告.txt", text), text=text), block(SIGNED, b"Subject: a\n\n" + text)
    for name, kind, data in (
        ("small-winmail.eml", "application/ms-tnef; name=winmail.dat", packed),
        ("small-signed.eml", "application/pkcs7-mime; smime-type=signed-data", signed),
    ):
        head = f"From: a@example.com\nSubject: a\nDate: a\nContent-Type: {kind}\n"
        yield name, f"{head}Content-Transfer-Encoding: base64\n\n".encode() + base64.encodebytes(data)
    lines = b"".join(binascii.b2a_uu(text[at : at + 45]) for at in range(0, len(text), 45))
    mail = b"From: a@example.com\nSubject: a\n\nbegin 644 a.txt\n" + lines + b"`\nend\n"
    yield "small-uuencode.emlx", b"%d\n" % len(mail) + mail + b"<plist/>"
    behind = io.BytesIO(b"MZ" + bytes(range(256)) * 4)
    with zipfile.ZipFile(behind, "a") as archive:
        archive.writestr(zipfile.ZipInfo("a.tar"), tarred)
    yield "small-unpacks-itself.exe", behind.getvalue()


def _pictures() -> Iterator[tuple[str, bytes]]:
    register_heif_opener()
    frames = []
    for number in (1, 2):
        frame = Image.new("RGB", (240, 120), "white")
        ImageDraw.Draw(frame).text((20, 40), f"HELLO {number}", fill="black", font_size=32)
        frames.append(frame)
    for name, (kind, more) in _SAVED_AS.items():
        file = io.BytesIO()
        every: dict[str, object] = {"append_images": frames[1:]} if "save_all" in more else {}
        frames[0].save(file, format=kind, **more, **every)
        yield name, file.getvalue()


def _texts() -> Iterator[tuple[str, bytes]]:
    for encoding in _ENCODINGS:
        yield f"small-{encoding}.txt", MINUTES.encode(encoding, "replace")
    yield "small.html", _HTML.encode()
    yield "small.xml", f'<?xml version="1.0" encoding="utf-8"?><a b="c">{MINUTES}</a>'.encode()
    yield "small.rtf", b"{\\rtf1\\ansi\\deff0 {\\fonttbl {\\f0 Courier;}} HELLO \\b bold\\b0\\par}"
    yield "small-2003.doc", _WORD_2003.encode()
    yield "small-2003.xls", _EXCEL_2003.encode()
    yield "small.csv", "品名,数量\n部品,10\n".encode("cp932")
    yield "small.json", '{"報告": [1, 2, {"a": null}]}'.encode()


def _workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    for row in range(1, 20):
        sheet.append([row, "売上", row / 7])
    book.save(file)
    return _strip_times(file)


def _slides() -> bytes:
    slides, file = Presentation(), io.BytesIO()
    slide = slides.slides.add_slide(slides.slide_layouts[0])
    slide.shapes.title.text = "営業報告"
    slides.save(file)
    return _strip_times(file)


def _strip_times(packed: io.BytesIO) -> bytes:
    """The same archive without the time of its creation."""
    again = io.BytesIO()
    with zipfile.ZipFile(packed) as archive, zipfile.ZipFile(again, "w") as copy:
        for name in archive.namelist():
            content = _TIME.sub(b"2025-01-01T00:00:00", archive.read(name))
            copy.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return again.getvalue()
