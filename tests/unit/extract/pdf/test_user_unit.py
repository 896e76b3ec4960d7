"""The unit of each page, from the file's own page tree."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from tests.stand_ins.made_pdfs import raw_pdf, tree
from worker.extract.pdf.user_unit import user_units

pytestmark = pytest.mark.unit


def _units(path: Path, *, max_pages: int = 100) -> list[float]:
    return user_units(path, max_pages=max_pages)


@pytest.mark.parametrize(
    ("entry", "unit"),
    [
        (b"/UserUnit 2.5/Rotate 0", 2.5),
        (b"/UserUnit\n10", 10.0),
        (b"/UserUnit 0", 1.0),
        (b"/UserUnit -3", 1.0),
        (b"/UserUnit 99999999", 1.0),
        (b"/UserUnit/Large", 1.0),
        (b"/UserUnit 3 0 R", 1.0),
        (b"/UserUnit 9 0 R", 1.0),
        (b"/Contents(/UserUnit 7)", 1.0),
        (b"", 1.0),
    ],
)
def test_the_unit_is_read_from_the_page(tmp_path: Path, entry: bytes, unit: float) -> None:
    assert _units(tree(tmp_path, b"3 0 R", count=1, page=b"/MediaBox[0 0 9 9]" + entry)) == [unit]


def test_each_page_has_its_own_unit_and_a_missing_page_is_counted(tmp_path: Path) -> None:
    path = raw_pdf(
        tmp_path,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R 4 0 R 9 0 R 5 0 R]/Count 4>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            4: b"<</Type/Pages/Parent 2 0 R/Kids[6 0 R]/Count 1>>",
            5: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/UserUnit 4>>",
            6: b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 9 9]/UserUnit 3>>",
        },
    )

    assert _units(path) == [1.0, 3.0, 1.0, 4.0]


def _save(folder: Path, encryption: pikepdf.Encryption | None) -> Path:
    """A page of unit 2 in an object stream, as PDF 1.5 and later have them."""
    path = folder / "packed.pdf"
    with pikepdf.open(tree(folder, b"3 0 R", count=1, page=b"/MediaBox[0 0 9 9]/UserUnit 2")) as pdf:
        pdf.save(
            path,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            encryption=False if encryption is None else encryption,
        )
    assert b"UserUnit" not in path.read_bytes()
    return path


@pytest.mark.parametrize(
    ("encryption", "units"),
    [
        (None, [2.0]),
        (pikepdf.Encryption(owner="owner", user="", R=6), [2.0]),
        (pikepdf.Encryption(owner="owner", user="user", R=6), []),
    ],
    ids=["plain", "owner password", "user password"],
)
def test_object_streams_are_read_unless_they_need_a_password(
    tmp_path: Path, encryption: pikepdf.Encryption | None, units: list[float]
) -> None:
    assert _units(_save(tmp_path, encryption)) == units


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\n" + bytes(500), b"%PDF-1.4\n" + b"[<<" * 9_000])
def test_a_file_that_cannot_be_parsed_has_no_units(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)

    assert _units(path) == []


@pytest.mark.parametrize("catalog", [b"<</Type/Catalog>>", b"[]"])
def test_a_file_without_a_page_tree_does_no_harm(tmp_path: Path, catalog: bytes) -> None:
    assert set(_units(raw_pdf(tmp_path, {1: catalog}))) <= {1.0}


def test_a_damaged_table_of_objects_is_rebuilt(tmp_path: Path) -> None:
    path = tree(tmp_path, b"3 0 R", count=1, page=b"/MediaBox[0 0 9 9]/UserUnit 2")
    path.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n9"))

    assert _units(path) == [2.0]


@pytest.mark.parametrize("kids", [b"2 0 R 3 0 R", b"3 0 R 2 0 R 2 0 R"], ids=["at once", "in the end"])
def test_a_page_tree_that_contains_itself_comes_to_an_end(tmp_path: Path, kids: bytes) -> None:
    assert len(_units(tree(tmp_path, kids, count=1_000), max_pages=500)) <= 500


def test_no_more_pages_are_read_than_asked_for(tmp_path: Path) -> None:
    assert len(_units(tree(tmp_path, b"3 0 R " * 60, count=60), max_pages=50)) == 50
