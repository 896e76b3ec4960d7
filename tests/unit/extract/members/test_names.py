"""Names from archives: shown, and never dangerous."""

from __future__ import annotations

import pytest

from worker.extract.members.names import clean_name, member_path
from worker.models.member import MAX_PATH_CHARS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("見積書.pdf", "見積書.pdf"),
        ("フォルダ\\一.txt", "フォルダ/一.txt"),
        ("見積書\u3000最終.pdf", "見積書\u3000最終.pdf"),
        ("../../etc/passwd", "etc/passwd"),
        ("/absolute/name", "absolute/name"),
        ("a\0b\n.txt", "a\ufffdb\ufffd.txt"),
        ("invoice\u202efdp.exe", "invoice\ufffdfdp.exe"),
        ("カ\u3099.txt", "ガ.txt"),
        ("\udc83.txt", "\ufffd.txt"),
        ("", "file 7"),
        ("..", "file 7"),
    ],
)
def test_a_name_is_one_line_of_visible_characters(name: str, expected: str) -> None:
    assert clean_name(name, number=7) == expected


def test_a_long_name_keeps_its_end() -> None:
    name = clean_name("あ" * 4096 + ".pdf", number=1)
    assert len(name) == 200
    assert name.endswith(".pdf")


def test_a_path_names_the_containers_and_is_not_without_end() -> None:
    assert member_path("", "a.zip") == "a.zip"
    assert member_path("a.zip", "b.txt") == "a.zip › b.txt"
    path = ""
    for _ in range(20):
        path = member_path(path, "x" * 100)
    assert len(path) == MAX_PATH_CHARS
    assert path.isprintable()
