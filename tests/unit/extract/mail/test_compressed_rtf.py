"""RTF as Outlook compresses it."""

from __future__ import annotations

import struct

import pytest

from worker.extract.mail.compressed_rtf import decompress_rtf

pytestmark = pytest.mark.unit

# A reference to the first six bytes of the dictionary, and seven characters.
_EXAMPLE = struct.pack("<IIII", 22, 13, 0x75465A4C, 0) + b"\x01\x00\x04 hello}"


def test_references_into_the_window_are_resolved() -> None:
    assert decompress_rtf(_EXAMPLE) == b"{\\rtf1 hello}"


def test_what_is_stored_is_taken_as_it_is() -> None:
    data = struct.pack("<IIII", 20, 5, 0x414C454D, 0) + b"{\\rtf and more"
    assert decompress_rtf(data) == b"{\\rtf"


@pytest.mark.parametrize("data", [b"short", struct.pack("<IIII", 20, 5, 1, 0)])
def test_what_is_no_rtf_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="the RTF is"):
        decompress_rtf(data)


def test_a_truncated_one_gives_its_start() -> None:
    assert decompress_rtf(_EXAMPLE[:21]) == b"{\\rtf1 h"
