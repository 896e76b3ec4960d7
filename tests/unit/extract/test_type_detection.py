"""The type of a file: its bytes decide, its extension only what they leave open."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pillow_heif
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from worker.errors import Code, RejectedError
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]

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


def _heic() -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), "teal")).save(buffer)
    return buffer.getvalue()


def _codestream() -> bytes:
    boxed = _picture("JPEG2000")
    return boxed[boxed.index(b"\xff\x4f\xff\x51") :]


def _open_document(kind: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("content.xml", "<a/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (_pdf(), FileType.PDF),
        (b"\r\n garbage \x00\x01 \n" + _pdf(), FileType.PDF),
        (_picture("JPEG"), FileType.JPEG),
        (_picture("PNG"), FileType.PNG),
        (_picture("TIFF"), FileType.TIFF),
        (_picture("BMP"), FileType.BMP),
        (_picture("GIF"), FileType.GIF),
        (_picture("WEBP"), FileType.WEBP),
        (_heic(), FileType.HEIC),
        (_picture("JPEG2000"), FileType.JPEG_2000),
        (_codestream(), FileType.JPEG_2000),
        (_docx(), FileType.DOCX),
        (_zip("[Content_Types].xml", "xl/workbook.xml"), FileType.XLSX),
        (_zip("[Content_Types].xml", "ppt/presentation.xml"), FileType.PPTX),
        (_zip("[content_types].xml", "XL\\Workbook.xml"), FileType.XLSX),
        (_zip("[Content_Types].xml", "xl/workbook.bin"), FileType.XLSB),
        (b"\x09\x04\x06\0\0\0\x10\0\0\0" + bytes(16), FileType.XLS),
        (_open_document("text"), FileType.ODT),
        (_open_document("text-template"), FileType.ODT),
        (_open_document("spreadsheet"), FileType.ODS),
        (_open_document("presentation"), FileType.ODP),
        (_open_document("graphics"), FileType.ODG),
        (rb"{\rtf1\ansi Hello}", FileType.RTF),
        (b"\xef\xbb\xbf\r\n" + rb"{\rtf1\ansi Hello}", FileType.RTF),
        (b"plain words\n", FileType.TEXT),
    ],
    ids=lambda value: value.value if isinstance(value, FileType) else "",
)
@pytest.mark.parametrize("name", ["file", "file.txt", "file.doc", "file.xlsx"])
def test_the_content_decides_whatever_the_name(
    tmp_path: Path, data: bytes, expected: FileType, name: str
) -> None:
    assert detect_file_type(_file(tmp_path, data, name)) is expected


@pytest.mark.parametrize(
    ("stream", "expected"),
    [("WordDocument", FileType.DOC), ("Workbook", FileType.XLS), ("PowerPoint Document", FileType.PPT)],
)
def test_legacy_office_files_are_detected_by_their_streams(
    tmp_path: Path, write_ole: WriteOle, stream: str, expected: FileType
) -> None:
    assert detect_file_type(write_ole(tmp_path / "file.docx", {stream: b""})) is expected


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc_jp", "iso2022_jp"]
)
def test_japanese_text_is_text_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    assert detect_file_type(_file(tmp_path, (_JAPANESE * 3).encode(encoding))) is FileType.TEXT


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a", '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///nowhere"><a/>', FileType.XML),
        ("a.txt", '\n<?xml version="1.0" encoding="Shift_JIS"?>\n<表/>', FileType.XML),
        ("a.xml", "<!-- note --><a/>", FileType.XML),
        ("a.txt", "<a/>", FileType.TEXT),
        ("a", '<svg xmlns="http://www.w3.org/2000/svg"><text>Hi</text></svg>', FileType.XML),
        ("a", "<html><body>Hello</body></html>", FileType.HTML),
        ("a.xml", '<?xml version="1.0"?><!DOCTYPE html><html><body>Hello</body></html>', FileType.HTML),
        ("a", "\n<!-- by hand -->\n<!DOCTYPE HTML>\n<p>Hello", FileType.HTML),
        ("a.htm", "<p>Hello</p>", FileType.HTML),
        ("a.html", "no tag at all, as 1 < 2", FileType.TEXT),
        ("a.xls", "<html><table><tr><td>1</td></tr></table></html>", FileType.HTML),
        ("a.xls", '<meta charset="utf-8"><table><tr><td>1</td></tr></table>', FileType.HTML),
        ("a.doc", "<!-- by a system --><P>Hello", FileType.HTML),
        ("a.doc", "<unknown> is a word", FileType.TEXT),
        ("a.txt", "<table> is a tag", FileType.TEXT),
        ("a.xls", "品名\t金額\nりんご\t100\n", FileType.TSV),
        ("a.xls", "品名,金額\nりんご,100\n", FileType.CSV),
        ("a.xls", "Good morning,\nhello\n", FileType.TEXT),
        ("a.doc", "a\tb\n", FileType.TEXT),
        ("a.json", "[1, 2, ", FileType.JSON),
        ("a.json", "no braces", FileType.TEXT),
        ("A.CSV", "a,b,c\n1,2,3\n", FileType.CSV),
        ("a.tsv", "a\tb\n1\t2\n", FileType.TSV),
        ("a.txt", "a,b,c\n1,2,3\n", FileType.TEXT),
        ("a.md", "# Title\n\nwords\n", FileType.MARKDOWN),
        ("a.log", '{"event": "start"}\n', FileType.LOG),
        ("a", "#!/bin/sh\necho hello\n", FileType.TEXT),
        ("a", "%PDF-1.4 is how the header of a PDF begins.\n", FileType.TEXT),
        ("a", "how to write <html> and <body>\n", FileType.TEXT),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_markup_is_detected_in_the_text_and_tables_by_the_extension(
    tmp_path: Path, name: str, text: str, expected: FileType, encoding: str
) -> None:
    assert detect_file_type(_file(tmp_path, text.encode(encoding), name)) is expected


@pytest.mark.parametrize("data", [b'{"key": "value"}', b'{"key": 1}\n{"key": 2}\n'])
def test_json_is_known_without_its_name(tmp_path: Path, data: bytes) -> None:
    assert detect_file_type(_file(tmp_path, data, "a")) is FileType.JSON


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.4\nthe rest is missing\n", "scan.PDF"),
        (b"From a mail:\n%PDF-1.4\n1 0 obj\n", "scan"),
        (b"%PDF-1.4\n" + bytes(range(256)), "scan"),
    ],
    ids=["name", "object", "binary"],
)
def test_a_header_makes_a_pdf_with_one_more_property_of_one(tmp_path: Path, data: bytes, name: str) -> None:
    assert detect_file_type(_file(tmp_path, data), name) is FileType.PDF


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (_zip("readme.txt"), "a.zip", FileType.ZIP),
        (_zip(), "a", FileType.ZIP),
        (_zip("xl/workbook.xml"), "a.bin", FileType.ZIP),
        (b"PK\x03\x04 without a directory", "a.zip", FileType.ZIP),
        (b"\x1f\x8b\x08", "a.txt", FileType.GZIP),
        (b"From: a@b.c\nTo: d@e.f\nSubject: x\n\nbody", "a", FileType.EML),
    ],
)
def test_mails_and_archives_are_known_by_their_content(
    tmp_path: Path, data: bytes, name: str, expected: FileType
) -> None:
    path = tmp_path / "original"
    path.write_bytes(data)
    assert detect_file_type(path, name) is expected


@pytest.mark.parametrize(
    "data",
    [
        _zip("[Content_Types].xml", "visio/document.xml"),
        _open_document("text-master"),
        _OLE,
        b"%!PS-Adobe-3.0\n(Hello) show\n",
        bytes(range(256)) * 8,
    ],
    ids=["vsdx", "odm", "ole", "postscript", "binary"],
)
def test_files_without_a_reader_are_unsupported(tmp_path: Path, data: bytes) -> None:
    assert detect_file_type(_file(tmp_path, data, "file.docx")) is FileType.UNSUPPORTED


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (_docx()[:-30], "a", FileType.DOCX),
        (_docx()[:300], "plan.docx", FileType.DOCX),
        (_docx()[:300], "plan.xlsm", FileType.XLSX),
        (_open_document("spreadsheet")[:150], "a", FileType.ODS),
        (_OLE + "EncryptedPackage".encode("utf-16-le") + bytes(64), "plan.docx", FileType.DOCX),
        (_OLE + "EncryptedPackage".encode("utf-16-le") + bytes(64), "plan.pptx", FileType.PPTX),
        (_OLE + "WordDocument".encode("utf-16-le") + bytes(64), "plan", FileType.DOC),
        (_OLE, "plan.xls", FileType.XLS),
    ],
    ids=[
        "end cut",
        "head",
        "head of a macro file",
        "ods",
        "encrypted",
        "encrypted slides",
        "ole",
        "head of an ole",
    ],
)
def test_a_damaged_or_encrypted_file_keeps_the_type_that_can_be_detected(
    tmp_path: Path, data: bytes, name: str, expected: FileType
) -> None:
    assert detect_file_type(_file(tmp_path, data), name) is expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", Code.EMPTY),
        (_docx()[:300], Code.CORRUPT),
        (_OLE + "EncryptedPackage".encode("utf-16-le") + bytes(64), Code.ENCRYPTED),
    ],
    ids=["empty", "truncated", "encrypted"],
)
def test_a_file_of_unknown_type_that_cannot_be_read_is_rejected_with_its_reason(
    tmp_path: Path, data: bytes, code: Code
) -> None:
    path = _file(tmp_path, data)

    with pytest.raises(RejectedError, match=r"^plan\.bin: ") as caught:
        detect_file_type(path, "plan.bin")

    assert caught.value.code is code


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\2\0\6\4\6\0\x08\0" + bytes(8),
        b"\0\0\x1a\0\2\x10\4\0" + bytes(22),
        b"\xff\0\2\0\4\4" + bytes(26),
    ],
    ids=["wk1", "wk4", "Works"],
)
def test_japanese_sheets_without_a_reader_are_unsupported(tmp_path: Path, data: bytes) -> None:
    assert detect_file_type(_file(tmp_path, data, "売上.wk4")) is FileType.UNSUPPORTED


def test_an_archive_behind_a_program_is_an_archive(tmp_path: Path) -> None:
    program = b"MZ\x90\0" + bytes(range(256)) * 8
    assert detect_file_type(_file(tmp_path, program + _zip("a.txt"), "a.exe")) is FileType.ZIP
    assert detect_file_type(_file(tmp_path, program, "b.exe")) is FileType.UNSUPPORTED


def test_a_file_with_a_name_of_open_document_alone_makes_no_such_document(tmp_path: Path) -> None:
    assert detect_file_type(_file(tmp_path, _zip("content.xml"), "a.zip")) is FileType.ZIP
