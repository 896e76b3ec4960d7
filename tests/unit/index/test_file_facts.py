"""Copies, folders, groups and counts, as both indexes have them."""

from __future__ import annotations

import pytest

from tests.index_body.documents import MakeDocument
from worker.index.file_facts import copy_key, count_facets, may_see, most_frequent, top_folder

pytestmark = pytest.mark.unit


def test_only_equal_content_makes_a_copy(make_document: MakeDocument) -> None:
    one, two = (make_document(name, content_hash="a" * 64) for name in ("a.pdf", "b.pdf"))
    assert copy_key(one) == copy_key(two) == "a" * 32
    assert copy_key(make_document("a.pdf")) != copy_key(make_document("b.pdf"))


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("営業部/2024/a.pdf", "営業部"),
        ("/home/a.pdf", "home"),
        ("\\\\nas\\share\\a.pdf", "nas"),
        ("a.pdf", ""),
        ("/a.pdf", ""),
        ("", ""),
    ],
)
def test_the_top_folder_is_the_first_of_the_path(path: str, folder: str) -> None:
    assert top_folder(path) == folder


def test_a_file_of_no_group_is_everyones() -> None:
    assert may_see((), ["a"])
    assert may_see(("a",), None)
    assert may_see(("a", "b"), ["b"])
    assert not may_see(("a",), ["b"])
    assert not may_see(("a",), [])


def test_counts_add_up_and_leave_out_what_is_unknown() -> None:
    rows = [(("pdf", "2024", "", "indexed", None), 2), (("pdf", None, "営業部", "partial", "jpn"), 1)]
    assert count_facets(rows) == {
        "type": {"pdf": 3},
        "year": {"2024": 2},
        "folder": {"営業部": 1},
        "state": {"indexed": 2, "partial": 1},
        "language": {"jpn": 1},
    }


def test_the_most_frequent_come_first_and_no_more_than_twenty() -> None:
    assert list(most_frequent({"b": 1, "a": 1, "c": 2})) == ["c", "a", "b"]
    assert len(most_frequent({str(n): n for n in range(30)})) == 20
