"""What all archives have in common."""

from __future__ import annotations

import io
import zlib

import pytest

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.archive.archive_source import ReadableStream, archive_source, is_of_a_system
from worker.models.page import Page

pytestmark = pytest.mark.unit


def test_the_names_are_a_page_of_text() -> None:
    source = archive_source(["注文書.txt", "b.pdf"], (), read_options(Settings()), unread=(Code.CORRUPT,))
    (page,) = source.pages
    assert isinstance(page, Page)
    assert page.text == "注文書.txt\nb.pdf"
    assert source.unread == (Code.CORRUPT,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("__MACOSX/._a.txt", True),
        ("a\\.DS_Store", True),
        ("folder/Thumbs.db", True),
        ("a/desktop.ini.txt", False),
        ("Thumbs.db/a.txt", False),
    ],
)
def test_files_that_systems_make_for_themselves_are_left_out(name: str, expected: bool) -> None:
    assert is_of_a_system(name) is expected


def test_errors_of_unpacking_say_what_is_damaged() -> None:
    class Damaged(io.BytesIO):
        def read1(self, _size: int | None = -1, /) -> bytes:
            raise zlib.error("bad block")

    with pytest.raises(RejectedError, match=r"a\.txt: damaged") as caught:
        ReadableStream(Damaged(), "a.txt", errors=(zlib.error,)).read(10)
    assert caught.value.code is Code.CORRUPT
    assert ReadableStream(io.BytesIO(b"abc"), "a.txt", errors=(zlib.error,)).read() == b"abc"
