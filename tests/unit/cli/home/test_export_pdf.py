"""The command `export --format pdf`: what is written as what, and what is said of it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pypdfium2 import PdfDocument

from tests.unit.cli.home.test_export import run
from tests.unit.cli.test_search import document
from tests.unit.home.searchable_home import add_scan, scan_page
from worker.home.folder import Home
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.file import FileType

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(folder=tmp_path / "home")
    home.folder.mkdir()
    add_scan(home, tmp_path / "d" / "a.pdf", scan_page())
    add_scan(home, tmp_path / "d" / "写真" / "b.png", scan_page())
    Image.new("1", (50, 50), 1).save(tmp_path / "d" / "blank.png")  # of another content
    add_scan(home, tmp_path / "d" / "blank.png")
    with closing(SqliteIndex(home.index_path)) as index:
        letter = replace(document(str(tmp_path / "d" / "c.docx"), "手紙"), file_type=FileType.DOCX)
        index.index_document(letter, version=1)
    return home


def test_scans_become_pdfs_and_other_files_text(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run(home.folder, out, "--format", "pdf")
    assert ended.stderr == (
        f"2 of 4 files written to {out} as searchable PDF; 1 written as text, being neither "
        "PDF nor picture; 1 without text\n"
    )
    assert (ended.exit_code, ended.stdout) == (0, "")
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*.*"))
    assert found == ["a.pdf", "c.docx.txt", "写真/b.png.pdf"]
    for name in ("a.pdf", "写真/b.png.pdf"):
        assert PdfDocument(out / name)[0].get_textpage().get_text_range() == "本日"


def test_a_pdf_that_cannot_be_made_is_named_and_its_text_written(home: Home, tmp_path: Path) -> None:
    (tmp_path / "d" / "a.pdf").unlink()
    out = tmp_path / "out"
    ended = run(home.folder, out, "--format", "pdf")
    assert ended.exit_code == 1
    assert "d/a.pdf: it is gone; only its text was written" in ended.stderr.replace("\n", "")
    assert "1 written as text only, as said above" in ended.stderr
    assert (out / "a.pdf.txt").read_text() == "本日\n"
    assert (out / "写真" / "b.png.pdf").is_file()


def test_what_is_lost_of_a_picture_is_named(home: Home, tmp_path: Path) -> None:
    add_scan(home, tmp_path / "d" / "half.png", scan_page(), scan_page(number=2))
    ended = run(home.folder, tmp_path / "out", "--format", "pdf")
    said = " ".join(ended.stderr.split())
    assert "half.png: could not be drawn and is not in the PDF: page 2" in said
    assert ended.exit_code == 0
