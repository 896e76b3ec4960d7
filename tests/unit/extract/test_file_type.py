"""What a file is: its bytes decide, its name hardly ever."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from worker.errors import Code, RejectedError
from worker.extract.file_type import detect_file_type, mime_type
from worker.models import FileType

pytestmark = pytest.mark.unit

_DOCX_MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
_JAPANESE = "営業報告書: 第３四半期の売上は１０パーセント増えました。\n"


def _pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, "Hello")
    canvas.save()
    return buffer.getvalue()


def _picture(image_format: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), "teal").save(buffer, image_format)
    return buffer.getvalue()


def _docx() -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Hello")
    document.save(buffer)
    return buffer.getvalue()


def _zip(*members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    return buffer.getvalue()


def _file(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "expected", "mime"),
    [
        (_pdf(), FileType.PDF, "application/pdf"),
        (b"\r\n rubbish \x00\x01 \n" + _pdf(), FileType.PDF, "application/pdf"),
        (_picture("JPEG"), FileType.JPEG, "image/jpeg"),
        (_picture("PNG"), FileType.PNG, "image/png"),
        (_picture("TIFF"), FileType.TIFF, "image/tiff"),
        (_picture("BMP"), FileType.BMP, "image/bmp"),
        (_picture("GIF"), FileType.GIF, "image/gif"),
        (_picture("WEBP"), FileType.WEBP, "image/webp"),
        (_docx(), FileType.DOCX, _DOCX_MIME),
        (b"plain words\n", FileType.TEXT, "text/plain"),
    ],
    ids=["pdf", "pdf-late", "jpg", "png", "tiff", "bmp", "gif", "webp", "docx", "txt"],
)
@pytest.mark.parametrize("name", ["file", "file.txt", "file.xlsx"])
def test_the_content_decides_whatever_the_name(
    tmp_path: Path, data: bytes, expected: FileType, mime: str, name: str
) -> None:
    found = detect_file_type(_file(tmp_path, data, name))

    assert found is expected
    assert mime_type(found) == mime


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc_jp", "iso2022_jp"]
)
def test_japanese_text_is_text_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    assert detect_file_type(_file(tmp_path, (_JAPANESE * 3).encode(encoding))) is FileType.TEXT


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///nowhere"><a/>',
        "<html><body>Hello</body></html>",
        '{"key": "value"}',
        "a,b,c\n1,2,3\n",
        "# Title\n\nwords\n",
        "#!/bin/sh\necho hello\n",
        "%PDF-1.4 is how the header of a PDF begins.\n",
    ],
)
def test_all_plain_markup_is_read_as_text(tmp_path: Path, text: str) -> None:
    assert detect_file_type(_file(tmp_path, text.encode())) is FileType.TEXT


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.4\nthe rest is missing\n", "scan.PDF"),
        (b"From a mail:\n%PDF-1.4\n1 0 obj\n", "scan"),
        (b"%PDF-1.4\n" + bytes(range(256)), "scan"),
    ],
    ids=["name", "object", "binary"],
)
def test_a_header_makes_a_pdf_with_one_more_sign_of_it(tmp_path: Path, data: bytes, name: str) -> None:
    assert detect_file_type(_file(tmp_path, data), name) is FileType.PDF


@pytest.mark.parametrize(
    "data",
    [
        _zip("readme.txt"),
        _zip(),
        _zip("[Content_Types].xml", "xl/workbook.xml"),
        _zip("[Content_Types].xml", "ppt/presentation.xml"),
        _OLE,
        rb"{\rtf1\ansi Hello}",
        b"%!PS-Adobe-3.0\n(Hello) show\n",
        bytes(range(256)) * 8,
    ],
    ids=["zip", "empty-zip", "xlsx", "pptx", "ole", "rtf", "postscript", "binary"],
)
def test_what_no_reader_knows_is_unsupported(tmp_path: Path, data: bytes) -> None:
    found = detect_file_type(_file(tmp_path, data, "file.docx"))

    assert found is FileType.UNSUPPORTED
    assert mime_type(found) == "application/octet-stream"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.EMPTY),
        (_docx()[:700], Code.CORRUPT),
        (_OLE + "EncryptedPackage".encode("utf-16-le") + bytes(64), Code.ENCRYPTED),
    ],
    ids=["empty", "truncated", "encrypted"],
)
def test_what_nobody_can_read_is_rejected_with_its_reason_and_name(
    tmp_path: Path, data: bytes, code: Code
) -> None:
    path = _file(tmp_path, data)

    with pytest.raises(RejectedError, match=r"^plan\.docx: ") as caught:
        detect_file_type(path, "plan.docx")

    assert caught.value.code is code
