"""Previews of Office files: rendered by LibreOffice, or stored in the files."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.stand_ins.programs import StandInOffice
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.office.preview import office_preview
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_RELATION = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r" Target="{}" '
    'Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"/>'
    "</Relationships>"
)


def _picture(size_px: tuple[int, int], image_format: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size_px, (200, 10, 10)).save(file, image_format)
    return file.getvalue()


def _package(folder: Path, part: str, data: bytes, *, relation: bool = True) -> Path:
    path = folder / "original"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, data)
        if relation:
            archive.writestr("_rels/.rels", _RELATION.format(part))
    return path


def _filters(call: str) -> str:
    return call.partition("--infilter=")[2].partition(" --outdir")[0]


def test_the_first_page_is_rendered_where_libreoffice_is_installed(
    tmp_path: Path, soffice: StandInOffice
) -> None:
    soffice.behaves('cp "$here/ready.pdf" "$out/document.pdf"')
    path = _package(tmp_path, "docProps/thumbnail.jpeg", _picture((256, 192)))

    preview = office_preview(path, FileType.DOCX, _OPTIONS)

    assert preview is not None
    assert max(preview.size) == 1024
    (call,) = soffice.calls()
    first = '{"PageRange":{"type":"string","value":"1"}}'
    assert _filters(call) == f"MS Word 2007 XML --convert-to pdf:writer_pdf_Export:{first}"


@pytest.mark.parametrize(
    ("part", "image_format", "relation"),
    [("docProps/thumbnail.jpeg", "JPEG", True), ("Thumbnails/thumbnail.png", "PNG", False)],
    ids=["PowerPoint", "LibreOffice"],
)
@pytest.mark.usefixtures("no_soffice")
def test_elsewhere_the_stored_thumbnail_is_the_preview(
    tmp_path: Path, part: str, image_format: str, relation: bool
) -> None:
    path = _package(tmp_path, part, _picture((256, 192), image_format), relation=relation)

    preview = office_preview(path, FileType.PPTX, _OPTIONS)

    assert preview is not None
    assert (preview.mode, preview.size) == ("RGB", (256, 192))


@pytest.mark.parametrize(
    "data", [_picture((96, 72)), b"invalid", b"\xd7\xcd\xc6\x9a" + bytes(60)], ids=["icon", "invalid", "WMF"]
)
@pytest.mark.usefixtures("no_soffice")
def test_a_thumbnail_that_is_an_icon_or_invalid_is_no_preview(tmp_path: Path, data: bytes) -> None:
    path = _package(tmp_path, "docProps/thumbnail.jpeg", data)

    assert office_preview(path, FileType.PPTX, _OPTIONS) is None


def test_nothing_is_rendered_where_that_is_off_or_the_file_is_large(
    tmp_path: Path, soffice: StandInOffice
) -> None:
    soffice.behaves('cp "$here/ready.pdf" "$out/document.pdf"')
    path = _package(tmp_path, "word/document.xml", b"<a/>", relation=False)

    assert office_preview(path, FileType.DOCX, replace(_OPTIONS, office_thumbnails=False)) is None
    with path.open("ab") as file:
        file.truncate(33 * 1024**2)
    assert office_preview(path, FileType.DOCX, _OPTIONS) is None
    assert soffice.calls() == []


@pytest.mark.parametrize("commands", ["exec sleep 600", "exit 77", 'echo invalid > "$out/document.pdf"'])
def test_a_program_that_fails_leaves_the_stored_thumbnail(
    tmp_path: Path, soffice: StandInOffice, commands: str
) -> None:
    soffice.behaves(commands)
    path = _package(tmp_path, "docProps/thumbnail.jpeg", _picture((256, 192)))
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, page_timeout_s=2.0))

    preview = office_preview(path, FileType.PPTX, options)

    assert preview is not None
    assert preview.size == (256, 192)
