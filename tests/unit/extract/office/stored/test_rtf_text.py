"""RTF with what it has stored."""

from __future__ import annotations

import pytest

from worker.extract.office.stored.rtf_text import hide_deletions, repairs

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb"{\rtf1 {\b cut", [rb"{\rtf1 {\b cut}}"]),
        (rb"{\rtf1 {\data\bin3 }}}}}", []),
        (rb"{\rtf1 {\data\bin99 }}}}", [rb"{\rtf1 {\data}}"]),
        (rb"{\rtf1 \{ \\{\b x}}", []),
        (rb"{\rtf1 {\*\objdata 0105\'zz}}", []),
        (rb"{\rtf1 {\*\objdata 0105zz00} b}", [rb"{\rtf1 {\*\objdata 0105} b}"]),
        (rb"{\rtf1 {\pict 00} {\picture}}", [rb"{\rtf1 {\*\nopict 00} {\picture}}"]),
        (rb"{\rtf1 {\pict 00", [rb"{\rtf1 {\pict 00}}", rb"{\rtf1 {\*\nopict 00}}"]),
        (rb"{\rtf1 whole}", []),
    ],
    ids=[
        "open",
        "binary data",
        "cut data",
        "escapes",
        "a code in data",
        "no digits",
        "picture",
        "cut",
        "whole",
    ],
)
def test_damage_is_repaired(text: bytes, expected: list[bytes]) -> None:
    assert list(repairs(text)) == expected
