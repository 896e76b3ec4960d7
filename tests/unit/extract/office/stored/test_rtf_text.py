"""RTF with what it has stored."""

from __future__ import annotations

import pytest

from worker.extract.office.stored.rtf_text import hide_deletions

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb"{\deleted old} {\deleted1 old}\deleted0 new", rb"{\v old} {\v1 old}\v0 new"),
        (rb"{\revauthdel1\deleted\f0 old}", rb"{\revauthdel1\v\f0 old}"),
        (rb"\\deleted is a word", rb"\\deleted is a word"),
        (rb"\\\deleted old", rb"\\\v old"),
        (rb"\deletedrows2", rb"\deletedrows2"),
        (rb"{\*\fldinst  DATE \\@ yyyy}{\fldrslt 2001}", rb"{\*\fldinst  QUOTED \\@ yyyy}{\fldrslt 2001}"),
        (rb"{\*\fldinst {\rtlch\f0 TIME \\@ x}}", rb"{\*\fldinst {\rtlch\f0 QUOTED \\@ x}}"),
        (rb"{\*\fldinst CREATEDATE}", rb"{\*\fldinst CREATEDATE}"),
        (rb"{\*\fldinst FILENAME}", rb"{\*\fldinst QUOTED}"),
        (rb"the DATE of it", rb"the DATE of it"),
        (rb"on \chdate  at {\chtime}", rb"on  at {}"),
    ],
)
def test_deleted_text_is_hidden_and_the_moment_left_out(text: bytes, expected: bytes) -> None:
    assert hide_deletions(text) == expected
