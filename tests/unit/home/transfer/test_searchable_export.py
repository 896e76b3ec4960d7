"""Searchable PDFs of a home: what they are made of, and when they are not."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from tests.stand_ins.reading import options
from tests.unit.home.searchable_home import add_scan, scan_page
from worker.errors import RejectedError
from worker.home.file_walk import display
from worker.home.folder import Home
from worker.home.manifest import Manifest, ManifestEntry
from worker.home.transfer.searchable_export import SearchableExport, can_be_searchable
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import TextSource

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home"
    folder.mkdir()
    return Home(folder=folder)


@pytest.fixture
def export(home: Home, tmp_path: Path) -> SearchableExport:
    work = tmp_path / "work"
    work.mkdir()
    return SearchableExport(home, options=options(), work_dir=work)


def pdf_of(export: SearchableExport, document: Document) -> bytes:
    with export.open(document) as pdf:
        return pdf.file.read()


def text_of(data: bytes) -> str:
    text: str = PdfDocument(data)[0].get_textpage().get_text_range()
    return text


def test_a_picture_becomes_a_pdf_with_its_text_and_nothing_is_left_over(
    home: Home, export: SearchableExport, tmp_path: Path
) -> None:
    document = add_scan(home, tmp_path / "d" / "a.png", scan_page())
    assert text_of(pdf_of(export, document)) == "本日"
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize("changes", [{"source": TextSource.TEXT_LAYER}, {"member_path": "in.png"}])
def test_a_pdf_whose_own_pages_were_not_ocred_is_copied(
    home: Home, export: SearchableExport, tmp_path: Path, changes: dict[str, object]
) -> None:
    path = tmp_path / "a.pdf"
    assert pdf_of(export, add_scan(home, path, scan_page(**changes))) == path.read_bytes()


def test_a_picture_that_is_lost_in_part_says_so(home: Home, export: SearchableExport, tmp_path: Path) -> None:
    document = add_scan(home, tmp_path / "a.png", scan_page(), scan_page(number=2))
    with export.open(document) as pdf:
        assert pdf.lost == (2,)


def test_an_original_that_is_gone_or_changed_is_refused(
    home: Home, export: SearchableExport, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    document = add_scan(home, path, scan_page())
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(RejectedError, match="changed since it was read; run cis-worker ingest first"):
        pdf_of(export, document)
    path.unlink()
    with pytest.raises(RejectedError, match="it is gone"):
        pdf_of(export, document)


@pytest.mark.parametrize("damage", [None, b"no artifact"])
def test_without_its_artifact_nothing_says_where_the_words_are(
    home: Home, export: SearchableExport, tmp_path: Path, damage: bytes | None
) -> None:
    document = add_scan(home, tmp_path / "a.png", scan_page())
    artifact = home.folder / (document.artifact_key or "")
    artifact.unlink()
    if damage is not None:
        artifact.write_bytes(damage)
    with pytest.raises(RejectedError, match="read it again with cis-worker ingest"):
        pdf_of(export, document)


def test_a_name_that_is_no_utf_8_is_found_by_the_manifest(
    home: Home, export: SearchableExport, tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode("図.png".encode("cp932"))
    document = add_scan(home, tmp_path / "plain.png", scan_page())
    (tmp_path / "plain.png").rename(path)
    document = replace(document, file_path=display(str(path)))
    assert document.file_path.endswith("/図.png")
    with pytest.raises(RejectedError, match="it is gone"):
        pdf_of(export, document)
    entry = ManifestEntry(
        path=str(path),
        file_id=document.file_id,
        size_bytes=1,
        mtime_ns=1,
        sha256=document.content_hash or "",
        made_with="key",
        state=State.INDEXED,
    )
    with closing(Manifest(home.manifest_path)) as manifest:
        manifest.put(entry)
    assert text_of(pdf_of(export, document)) == "本日"


def test_pdfs_and_pictures_can_be_searchable() -> None:
    assert [can_be_searchable(kind) for kind in (FileType.PDF, FileType.TIFF, FileType.DOCX)] == [
        True,
        True,
        False,
    ]
