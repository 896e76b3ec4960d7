"""Files embedded in Office documents."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.office.docx import open_docx
from worker.extract.office.objects.embedded_files import embedded_files, has_chart_without_data
from worker.extract.office.ooxml_package import open_package

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_RELATIONS = (
    '<Relationships><Relationship Id="r1" Type="http://x/relationships/package" '
    'Target="../embeddings/Chart.xlsx"/></Relationships>'
)


def _document(folder: Path, parts: dict[str, bytes]) -> Path:
    path = folder / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def _files(path: Path) -> dict[str, bytes]:
    return {each.name: each.open().read() for each in embedded_files(path)}


def _package(name: str, data: bytes) -> bytes:
    label, source = name.encode("cp932") + b"\0", b"C:\\" + name.encode("cp932") + b"\0"
    body = struct.pack("<H", 2) + label + source + bytes(4) + struct.pack("<I", len(source)) + source
    body += struct.pack("<I", len(data)) + data
    return struct.pack("<I", len(body)) + body


def test_documents_are_files_and_the_tables_behind_charts_are_not(tmp_path: Path) -> None:
    path = _document(
        tmp_path,
        {
            "word/document.xml": b"<d/>",
            "word/embeddings/sheet.xlsx": b"a workbook",
            "word/embeddings/Chart.xlsx": b"the data of a chart",
            "word/charts/chart1.xml": b"<c/>",
            "word/charts/_rels/chart1.xml.rels": _RELATIONS.encode(),
        },
    )
    assert _files(path) == {"sheet.xlsx": b"a workbook"}


def test_files_within_ole_objects_are_taken_out(tmp_path: Path, write_ole: WriteOle) -> None:
    def ole(streams: dict[str, bytes]) -> bytes:
        return write_ole(tmp_path / "ole", streams).read_bytes()

    document = ole({"WordDocument": b"text", "1Table": b""})
    path = _document(
        tmp_path,
        {
            "word/embeddings/oleobject1.bin": ole({"\x01Ole10Native": _package("見積書.pdf", b"%PDF-1.7")}),
            "word/embeddings/oleobject2.bin": ole({"Package": b"PK of a workbook"}),
            "word/embeddings/oleobject3.bin": document,
            "word/embeddings/oleobject4.bin": ole({"Equation Native": b"x"}),
            "word/embeddings/oleobject5.bin": ole({"\x01Ole10Native": b"size" + b"BM of Paint"}),
        },
    )
    found = _files(path)
    assert set(found) == {"見積書.pdf", "oleobject2.bin", "oleobject3.bin"}
    assert found["見積書.pdf"] == b"%PDF-1.7"
    assert found["oleobject2.bin"].rstrip(b"\0") == b"PK of a workbook"
    assert found["oleobject3.bin"] == document


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = _document(tmp_path, {"word/embeddings/a.xlsx": b"a workbook of some length"})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"a workbook", b"another wo", 1))
    (contained,) = embedded_files(path)
    with pytest.raises(RejectedError, match=r"a\.xlsx: damaged") as caught:
        contained.open()
    assert caught.value.code is Code.CORRUPT


def test_alternative_chunks_are_files_in_the_order_of_their_references(tmp_path: Path) -> None:
    relations = "".join(
        f'<Relationship Id="r{number}" Type="http://x/relationships/aFChunk" Target="{target}"/>'
        for number, target in enumerate(("b.htm", "/word/a.rtf", "b.htm", "missing.docx"))
    )
    path = _document(
        tmp_path,
        {
            "word/document.xml": b'<d><altChunk id="r0"/><altChunk id="r1"/></d>',
            "word/_rels/document.xml.rels": f"<Relationships>{relations}</Relationships>".encode(),
            "word/_rels/footer1.xml.rels": b"damaged",
            "word/footer1.xml": b"<f/>",
            "word/a.rtf": rb"{\rtf1 second}",
            "word/b.htm": b"<p>first</p>",
        },
    )
    assert list(_files(path).items()) == [("b.htm", b"<p>first</p>"), ("a.rtf", rb"{\rtf1 second}")]


@pytest.mark.parametrize(
    ("parts", "is_missing"),
    [
        ({"word/charts/chart1.xml": b"<c/>"}, True),
        ({"ppt/charts/chartEx2.xml": b"<c/>"}, True),
        ({"xl/charts/chart1.xml": b"<c/>"}, False),
        ({"word/charts/style1.xml": b"<c/>"}, False),
        (
            {
                "word/charts/chart1.xml": b"<c/>",
                "word/charts/_rels/chart1.xml.rels": _RELATIONS.encode(),
                "word/embeddings/Chart.xlsx": b"the data of a chart",
            },
            False,
        ),
        ({"word/charts/chart1.xml": b"<c/>", "word/charts/_rels/chart1.xml.rels": b"damaged"}, False),
    ],
)
def test_charts_without_their_tables_are_known(
    tmp_path: Path, parts: dict[str, bytes], is_missing: bool
) -> None:
    path = _document(tmp_path, {"word/document.xml": b"<d><p><r><t>text</t></r></p></d>", **parts})
    assert has_chart_without_data(open_package(path)) is is_missing
    assert open_docx(path, read_options(Settings())).unread == ((Code.CHART_DATA,) if is_missing else ())
