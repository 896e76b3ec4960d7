"""Legacy Office files: which conversion LibreOffice is asked for, and how its output is read."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pptx
import pytest

from tests.stand_ins.programs import StandInOffice
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.extractors import EXTRACTORS
from worker.extract.office.legacy import open_legacy_office
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType
from worker.models.page import Page, TextSource

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_OPTIONS = ReadOptions(
    limits=replace(limits(Settings()), page_timeout_s=10.0), languages=("jpn", "eng"), dpi=200
)
_RTF = rb"{\rtf1\ansi Hello from the past\par}"
_COPY = 'cp "$here/ready.pdf" "$out/document.pdf"; cp "$here/ready.xlsx" "$here/ready.pptx" "$out"'
_RENAME = 'cd "$out" && for file in ready.*; do mv "$file" "document.${file##*.}"; done'


@pytest.fixture
def office(soffice: StandInOffice) -> StandInOffice:
    """A stand-in that writes a file of every type, whatever it is asked for."""
    book = openpyxl.Workbook()
    book.active.append(["品名", 0.25])
    book.active["B1"].number_format = "0%"
    book.active.column_dimensions["B"].width = 0.1
    book.create_sheet("hidden").append(["見えない"])
    book["hidden"].sheet_state = "hidden"
    book.save(soffice.folder / "ready.xlsx")
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Slide"
    slide.notes_slide.notes_text_frame.text = "what the speaker says"
    deck.save(str(soffice.folder / "ready.pptx"))
    soffice.behaves(f"{_COPY}; {_RENAME}")
    return soffice


def _file(folder: Path, data: bytes = _RTF) -> Path:
    path = folder / "original"
    path.write_bytes(data)
    return path


def _pages(file_type: FileType, path: Path) -> list[Page]:
    source = open_legacy_office(file_type, path, _OPTIONS)
    return [page for page in source.pages if isinstance(page, Page)]


def _rejection(file_type: FileType, path: Path) -> Code:
    with pytest.raises(RejectedError) as caught:
        open_legacy_office(file_type, path, _OPTIONS)
    return caught.value.code


def test_a_text_becomes_a_pdf_that_is_read_with_its_text_layer(tmp_path: Path, office: StandInOffice) -> None:
    (page,) = _pages(FileType.RTF, _file(tmp_path))

    assert (page.text, page.source) == ("Hello from the past", TextSource.TEXT_LAYER)
    (call,) = office.calls()
    assert '--convert-to pdf:writer_pdf_Export:{"ExportNotes":' in call


def test_a_sheet_keeps_its_values_however_narrow_its_columns_are(
    tmp_path: Path, office: StandInOffice, write_ole: WriteOle
) -> None:
    pages = _pages(FileType.XLS, write_ole(tmp_path / "a", {"Workbook": b""}))

    assert "品名\t25%" in pages[0].text
    assert "見えない" in pages[1].text
    assert "--convert-to xlsx:Calc MS Excel 2007 XML --outdir" in office.calls()[0]


def test_a_slide_keeps_its_speaker_notes(tmp_path: Path, office: StandInOffice, write_ole: WriteOle) -> None:
    (page,) = _pages(FileType.PPT, write_ole(tmp_path / "a", {"PowerPoint Document": b""}))

    assert page.text.splitlines() == ["Slide", "what the speaker says"]
    assert "--convert-to pptx:Impress MS PowerPoint 2007 XML --outdir" in office.calls()[0]


def test_the_preview_of_a_sheet_is_rendered_from_the_original(
    tmp_path: Path, office: StandInOffice, write_ole: WriteOle
) -> None:
    path = write_ole(tmp_path / "a", {"Book": b""})
    source = open_legacy_office(FileType.XLS, path, _OPTIONS)

    assert len(office.calls()) == 1
    assert source.preview() is not None
    assert "--infilter=MS Excel 95 --convert-to pdf:calc_pdf_Export:" in office.calls()[1]


@pytest.mark.parametrize(
    ("file_type", "streams", "reader"),
    [
        (FileType.DOC, {"WordDocument": struct.pack("<HH", 0xA5EC, 0xC1)}, "MS Word 97"),
        (FileType.DOC, {"WordDocument": struct.pack("<HH", 0xA5DC, 104)}, "MS Word 95"),
        (FileType.DOC, {"WordDocument": struct.pack("<HH", 0xA5DC, 101)}, "MS WinWord 6"),
        (FileType.XLS, {"Workbook": b"", "Book": b""}, "MS Excel 97"),
        (FileType.XLS, {"Book": b""}, "MS Excel 95"),
        (FileType.PPT, {"PowerPoint Document": b""}, "MS PowerPoint 97"),
        (FileType.RTF, {}, "Rich Text Format"),
    ],
)
def test_the_import_filter_is_named_so_that_nothing_damaged_passes_for_plain_text(
    tmp_path: Path,
    office: StandInOffice,
    write_ole: WriteOle,
    file_type: FileType,
    streams: dict[str, bytes],
    reader: str,
) -> None:
    path = write_ole(tmp_path / "a", streams) if streams else _file(tmp_path)

    open_legacy_office(file_type, path, _OPTIONS)

    assert f"--infilter={reader} --convert-to" in office.calls()[0]


@pytest.mark.parametrize(
    ("file_type", "output"), [(FileType.RTF, "pdf"), (FileType.ODS, "xlsx"), (FileType.ODP, "pptx")]
)
def test_invalid_output_is_corrupt(
    tmp_path: Path, soffice: StandInOffice, file_type: FileType, output: str
) -> None:
    soffice.behaves(f'echo invalid > "$out/document.{output}"')
    data = _RTF if file_type is FileType.RTF else _open_document("<m/>")

    assert _rejection(file_type, _file(tmp_path, data)) is Code.CORRUPT


def test_a_truncated_container_is_corrupt_with_or_without_the_program(
    tmp_path: Path, write_ole: WriteOle, no_soffice: None
) -> None:
    path = write_ole(tmp_path / "a.doc", {"WordDocument": b"", "1Table": b""})
    path.write_bytes(path.read_bytes()[:1024])

    assert _rejection(FileType.DOC, path) is Code.CORRUPT


def _open_document(manifest: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<a/>")
        archive.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def test_a_file_that_needs_a_password_is_encrypted_without_the_program(
    tmp_path: Path, write_ole: WriteOle, no_soffice: None
) -> None:
    word = write_ole(tmp_path / "a.doc", {"WordDocument": bytes(10) + b"\x00\x01"})
    locked = _open_document("<m xmlns:n='urn:n'><n:file-entry><n:encryption-data/></n:file-entry></m>")

    assert _rejection(FileType.DOC, word) is Code.ENCRYPTED
    assert _rejection(FileType.ODT, _file(tmp_path, locked)) is Code.ENCRYPTED
    assert _rejection(FileType.ODT, _file(tmp_path, _open_document("<m/>"))) is Code.NEEDS_LIBREOFFICE


@pytest.mark.parametrize(
    ("file_type", "data", "reader"),
    [
        (FileType.XLS, b"\x09\x04\x06\0\0\0\x10\0\0\0", "MS Excel 4.0"),
        (FileType.XLS, b"\x09\x08\x08\0\0\x05\x05\0\0\0\0\0", "MS Excel 95"),
    ],
)
def test_a_sheet_that_is_no_container_has_the_filter_of_its_version(
    tmp_path: Path, office: StandInOffice, file_type: FileType, data: bytes, reader: str
) -> None:
    open_legacy_office(file_type, _file(tmp_path, data), _OPTIONS)

    assert f"--infilter={reader} --convert-to xlsx" in office.calls()[0]


def test_a_binary_workbook_has_its_cells_and_the_files_in_it(tmp_path: Path, office: StandInOffice) -> None:
    path = tmp_path / "a.xlsb"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", "")
        archive.writestr("xl/embeddings/a.docx", "a document")
    source = EXTRACTORS[FileType.XLSB](path, _OPTIONS)

    assert "--infilter=Calc MS Excel 2007 Binary --convert-to xlsx" in office.calls()[0]
    assert next(page.text for page in source.pages if isinstance(page, Page)).startswith("Sheet\n品名")
    assert [each.name for each in source.contained] == ["a.docx"]


def test_deleted_text_is_hidden_from_the_program(tmp_path: Path, office: StandInOffice) -> None:
    office.behaves(f'cp "$input" "$here/given"; {_COPY}; {_RENAME}')
    _pages(FileType.RTF, _file(tmp_path, rb"{\rtf1 {\deleted old}}"))

    assert (office.folder / "given").read_bytes() == rb"{\rtf1 {\v old}}"


def test_an_archive_is_checked_before_the_program_reads_it(tmp_path: Path, office: StandInOffice) -> None:
    assert _rejection(FileType.ODS, _file(tmp_path, _open_document("<m/>")[:90])) is Code.CORRUPT
    assert office.calls() == []
