"""Files in OpenDocument files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from worker.errors import RejectedError
from worker.extract.office.objects.open_document_objects import open_document_objects
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_KIND = "application/vnd.oasis.opendocument."
_OLE = "application/vnd.sun.star.oleobject"


def _document(folder: Path, parts: Mapping[str, tuple[str, bytes | None]]) -> Path:
    path = folder / "a.odt"
    entries = "".join(
        f'<m:file-entry m:full-path="{name}" m:media-type="{kind}"/>' for name, (kind, _) in parts.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", f"{_KIND}text")
        for name, (_, data) in parts.items():
            if data is not None:
                archive.writestr(name, data)
        archive.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="x:1.0">{entries}</m:manifest>')
    return path


def test_documents_in_folders_are_files_and_charts_are_not(tmp_path: Path) -> None:
    path = _document(
        tmp_path,
        {
            "/": (f"{_KIND}text", None),
            "content.xml": ("text/xml", b"<text/>"),
            "Object 1/": (f"{_KIND}spreadsheet", None),
            "Object 1/content.xml": ("text/xml", b"<sheet/>"),
            "Object 1/Object 2/": (f"{_KIND}text", None),
            "Object 1/Object 2/content.xml": ("text/xml", b"<inner/>"),
            "Object 3/": (f"{_KIND}chart", None),
            "Object 3/content.xml": ("text/xml", b"<chart/>"),
        },
    )
    (found,) = open_document_objects(path)
    assert found.name == "Object 1"
    own = tmp_path / "own"
    own.write_bytes(found.open().read())
    assert detect_file_type(own) is FileType.ODS
    with zipfile.ZipFile(own) as archive:
        assert archive.read("content.xml") == b"<sheet/>"
        assert "Object 3/content.xml" not in archive.namelist()
    (inner,) = open_document_objects(own)
    with zipfile.ZipFile(io.BytesIO(inner.open().read())) as archive:
        assert archive.read("content.xml") == b"<inner/>"
        assert archive.namelist()[0] == "mimetype"


def test_objects_of_other_programs_are_taken_out(tmp_path: Path, write_ole: WriteOle) -> None:
    package = write_ole(tmp_path / "ole", {"Package": b"PK of a document"}).read_bytes()
    drawn = write_ole(tmp_path / "drawn", {"Equation Native": b"x"}).read_bytes()
    parts = {"Object 1": (_OLE, package), "Object 2": (_OLE, drawn), "Object 3": (_OLE, b"%PDF-1.7")}
    found = {
        each.name: each.open().read().rstrip(b"\0")
        for each in open_document_objects(_document(tmp_path, parts))
    }
    assert found == {"Object 1": b"PK of a document", "Object 3": b"%PDF-1.7"}


@pytest.mark.parametrize(
    "parts",
    [
        {"Object 1/": (f"{_KIND}spreadsheet", None), "Object 1/content.xml": ("text/xml", b"bytes")},
        {"Object 1": (_OLE, b"bytes")},
    ],
    ids=["document", "object"],
)
def test_a_damaged_object_is_said(tmp_path: Path, parts: Mapping[str, tuple[str, bytes | None]]) -> None:
    path = _document(tmp_path, parts)
    path.write_bytes(path.read_bytes().replace(b"bytes", b"other", 1))
    (found,) = open_document_objects(path)
    with pytest.raises(RejectedError, match="Object 1: damaged"):
        found.open()


@pytest.mark.parametrize("data", [b"no archive", b""])
def test_a_document_that_cannot_be_read_has_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.odt"
    path.write_bytes(data)
    assert list(open_document_objects(path)) == []
