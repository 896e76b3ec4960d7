"""Mails and archives by the bytes that they begin with."""

from __future__ import annotations

import pytest

from worker.extract.signatures import type_of_archive, type_of_mail
from worker.models.file import FileType

pytestmark = pytest.mark.unit


def _lzh(level: int) -> bytes:
    """A header with its size and its sum."""
    header = b"-lh5-" + bytes(8) + b"\0\0\0\0" + b"\x20" + bytes([level]) + b"\x05a.txt" + bytes(2)
    return bytes([len(header), sum(header) & 0xFF]) + header


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x1f\x8b\x08", FileType.GZIP),
        (b"BZh91AY&SY", FileType.BZIP2),
        (b"BZh is no archive", None),
        (b"\xfd7zXZ\x00", FileType.XZ),
        (b"7z\xbc\xaf\x27\x1c", FileType.SEVEN_ZIP),
        (b"Rar!\x1a\x07\x01", FileType.RAR),
        (b"MSCF\x00\x00\x00\x00", FileType.CAB),
        (b"\x28\xb5\x2f\xfd", FileType.ZSTANDARD),
        (bytes(257) + b"ustar", FileType.TAR),
        (bytes(32_768) + b"\x01CD001", FileType.ISO),
        (b"\n" * 32_769 + b"CD001", None),
        (_lzh(0), FileType.LZH),
        (_lzh(1), FileType.LZH),
        (_lzh(2), FileType.LZH),
        (b"\x04\0" + _lzh(3)[2:], FileType.LZH),
        (_lzh(0)[:1] + b"\0" + _lzh(0)[2:], None),
        (_lzh(3), None),
        (b"aN-lh5- type=file contents=notes.txt\n", None),
        (b"plain text", None),
    ],
)
def test_archives_are_known_by_their_signatures(head: bytes, expected: FileType | None) -> None:
    assert type_of_archive(head) is expected


_MAIL = b"Received: by x\n\tid 1\nFrom: a@b.c\nSubject: x\nDate: y\n\nbody"
_PAGE = (
    b"From: <Saved by a browser>\nSubject: x\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/related; type="x"\n\n'
)

_OF_WORD = b'MIME-Version: 1.0\nX-Document-Type: Workbook\nContent-Type: multipart/related; boundary="b"\n\n'
_OF_WIKI = b"Date: x\nMessage-ID: <1@wiki>\nSubject: Exported\n" + _OF_WORD


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (_MAIL, "x.txt", FileType.EML),
        (b"\xef\xbb\xbf\r\n" + _MAIL, "x", FileType.EML),
        (_PAGE, "x.bin", FileType.MHT),
        (_PAGE, "x.mht", FileType.MHT),
        (_OF_WORD, "x.doc", FileType.MHT),
        (_OF_WORD, "x", FileType.MHT),
        (_OF_WORD.replace(b"MIME-Version", b"Version"), "x", None),
        (_OF_WIKI, "x.doc", FileType.MHT),
        (_OF_WIKI, "x.eml", FileType.EML),
        (b"From: a@b.c\n\nbody", "x.eml", FileType.EML),
        (b"From: a@b.c\n\nbody", "x.txt", None),
        (b"Date: today\nSubject: notes\nTo: all\n\nbody", "x.txt", None),
        (b"Content-Type: text/html\nDate: x\nCc: y\n\n<p>", "x.txt", None),
        (b"From a@b.c Mon Nov 30 10:00:00 2026\n" + _MAIL, "x", FileType.MBOX),
        (b"From here we went on.\nNo mail.\n", "x.mbox", None),
        ("件名: あ\n".encode(), "x.eml", None),
    ],
)
def test_mails_are_known_by_their_headers(head: bytes, name: str, expected: FileType | None) -> None:
    assert type_of_mail(head, name) is expected


def test_an_old_tar_is_known_by_the_sum_of_its_header() -> None:
    head = bytearray(b"a.txt".ljust(100, b"\0") + b"0000644\0" + bytes(404))
    head[148:156] = b"%06o\0 " % (sum(head) + 8 * ord(" "))
    assert type_of_archive(bytes(head)) is FileType.TAR
    assert type_of_archive(bytes(head[:511])) is None
    head[0] = ord("b")
    assert type_of_archive(bytes(head)) is None


def test_a_mail_may_begin_with_the_count_of_its_bytes() -> None:
    mail = b"119   \nFrom: a@example.com\nSubject: s\nDate: x\n\nbody"
    assert type_of_mail(mail, "1.emlx") is FileType.EML
    assert type_of_mail(b"119\n120\n", "numbers.txt") is None
