"""Where exported texts go, and what is in them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.cli.test_search import document
from worker.errors import MisconfiguredError
from worker.home.export import ExportFolder, as_markdown, as_text

pytestmark = pytest.mark.unit


def export(to: Path, *paths: str, suffix: str = ".txt", overwrite: bool = False) -> list[str]:
    folder = ExportFolder(to, paths=paths, suffix=suffix, overwrite=overwrite)
    return [str(folder.write(path, path).relative_to(to)) for path in paths]


def test_folders_are_those_below_the_one_that_all_share(tmp_path: Path) -> None:
    paths = ["/home/me/a.pdf", "/home/me/写真/b.jpg", "/home/me/x.zip/in/c.txt", "/home/me/x.zip"]
    assert export(tmp_path, *paths) == ["a.pdf.txt", "写真/b.jpg.txt", "x.zip/in/c.txt.txt", "x.zip.txt"]
    assert (tmp_path / "写真" / "b.jpg.txt").read_text() == "/home/me/写真/b.jpg"


@pytest.mark.parametrize(
    "path", ["/d/../../etc/passwd", "../../x", "/d/./..", "..", "/", "", "a\\..\\b", "/d/a\x00\n/..", "C:\\x"]
)
def test_whatever_a_path_holds_its_file_stays_below_the_folder(tmp_path: Path, path: str) -> None:
    out = tmp_path / "out"
    folder = ExportFolder(out, paths=[path, "/d/other.txt"], suffix=".txt", overwrite=False)
    written = folder.write(path, "text")
    assert written.resolve().is_relative_to(out.resolve())
    assert [found.name for found in tmp_path.iterdir()] == ["out"]


def test_paths_that_would_meet_are_numbered(tmp_path: Path) -> None:
    assert export(tmp_path, "/d/a\x01", "/d/a_", "/d/A_") == ["a_.txt", "a_ (2).txt", "A_ (3).txt"]


def test_a_long_name_is_cut_where_a_character_ends(tmp_path: Path) -> None:
    (name,) = export(tmp_path, f"/d/{'報' * 85}")
    assert name == f"{'報' * 66}.txt"


def test_what_is_there_is_not_written_over_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(MisconfiguredError, match="is not empty; name another folder"):
        export(tmp_path, "/d/a")
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert export(tmp_path, "/d/a", overwrite=True) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "/d/a"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MisconfiguredError, match="file cannot be used"):
        export(tmp_path / "file", "/d/a")


def test_pages_are_parted_by_a_form_feed() -> None:
    assert as_text(document("/a.pdf", "one\n", "", "three")) == "one\n\f\n\fthree\n"


def test_markdown_has_the_facts_and_a_heading_a_page() -> None:
    made = replace(document("/d/a\nb.pdf", "text\n# no heading", "two"), file_name="a\nb.pdf")
    assert as_markdown(made).splitlines() == [
        "# a b.pdf",
        "",
        "- file: /d/a b.pdf",
        "- type: pdf",
        "- language: jpn",
        "- not read: not read: page 3 (timeout)",
        "",
        "## Page 1",
        "",
        "text",
        "\\# no heading",
        "",
        "## Page 2",
        "",
        "two",
    ]


def test_a_pdf_keeps_its_name_and_a_picture_gets_another(tmp_path: Path) -> None:
    paths = ["/d/a.pdf", "/d/A.PDF", "/d/b.png", "/d/.pdf"]
    folder = ExportFolder(tmp_path, paths=paths, suffix=".txt", overwrite=False)
    written = [folder.copy_pdf(path, io.BytesIO(path.encode())).name for path in paths]
    assert written == ["a.pdf", "A (2).pdf", "b.png.pdf", ".pdf.pdf"]
    assert (tmp_path / "A (2).pdf").read_bytes() == b"/d/A.PDF"
