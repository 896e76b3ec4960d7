"""What names are left out."""

from __future__ import annotations

import unicodedata

import pytest

from worker.home.name_filter import EVERY_NAME, NameFilter

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "path", ["/d/.DS_Store", "/d/Thumbs.db", "/d/DESKTOP.INI", "/d/~$報告.docx", "/d/.git", "/d/$RECYCLE.BIN"]
)
def test_hidden_files_and_leftovers_are_left_out_unless_named(path: str) -> None:
    assert NameFilter().leaves_out(path, named=False)
    assert not NameFilter().leaves_out(path, named=True)
    assert not EVERY_NAME.leaves_out(path, named=False)


@pytest.mark.parametrize("path", ["/d/報告.docx", "/d/a~$b", "/.hidden/a.txt", "/d/thumbs.db.txt"])
def test_other_files_are_taken(path: str) -> None:
    assert not NameFilter().leaves_out(path, named=False)
    assert NameFilter().includes(path)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.tmp", "/d/a.tmp", True),
        ("*.tmp", "/d/a.tmp/b.txt", False),  # its folder is not entered
        ("old", "/d/old", True),
        ("old/", "/d/old", True),
        ("old/*", "/d/old/a.txt", True),
        ("old/*", "/d/bold/a.txt", False),
        ("下書き*", "/d/下書き1.txt", True),
        (unicodedata.normalize("NFD", "ガ*"), "/d/ガ.txt", True),
        ("[ab].txt", "/d/b.txt", True),
    ],
)
def test_a_pattern_is_compared_with_the_name_and_the_end_of_the_path(
    pattern: str, path: str, matches: bool
) -> None:
    # Also of what the user named: a shell that names all files of a folder does not know the patterns.
    assert NameFilter(exclude=(pattern,)).leaves_out(path, named=True) is matches
    assert NameFilter(include=("nothing", pattern)).includes(path) is matches
