"""Files as programs and accidents leave them, in one archive: what is read of each, and what is named.

Each row of the table is a file of the archive, and the pages of it and of the files in it: path, and reason
or a part of the text, with what is unread of it. The whole archive is one document of one process.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stand_ins.encrypted_zip import encrypt
from tests.stand_ins.packed_mails import ENVELOPED, SIGNED, block, winmail
from tests.stand_ins.reading import options, pages, read, request
from worker.extract.read_options import ReadOptions
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

Start = Callable[[ReadOptions], Sandbox]
Seen = tuple[str, str, tuple[str, ...]]

_HEAD = "From: a@example.com\nTo: b@example.com\nSubject: s\nMIME-Version: 1.0\n"
_PLAIN = "Content-Type: text/plain\n\n"


def _mail(kind: str, *lines: str) -> bytes:
    return f"{_HEAD}Content-Type: {kind}\n".encode() + "\n".join(lines).encode()


def _in_base64(data: bytes) -> tuple[str, ...]:
    return ("Content-Transfer-Encoding: base64", "", base64.encodebytes(data).decode())


def _mixed(*parts: str, end: str = "--b--") -> bytes:
    return _mail("multipart/mixed; boundary=b", "", *(f"--b\n{part}" for part in parts), end)


def _zip(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, link: str = "") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        if link:
            info = zipfile.ZipInfo(link)
            info.create_system, info.external_attr = 3, 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
    return data.getvalue()


def _tar(**kinds: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "file"
            info.size = 4 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"text"))
    return data.getvalue()


_OCTETS = "".join(f"%{byte:02X}" for byte in "見積書.txt".encode("cp932"))
_LINES = b"".join(b"line %d\n" % number for number in range(20_000))
_UUENCODED = "begin 644 u.txt\n" + binascii.b2a_uu(b"in uuencode").decode() + "`\nend"

_TABLE: dict[str, tuple[bytes, list[Seen]]] = {
    "winmail.eml": (
        _mail("application/ms-tnef", *_in_base64(winmail(("二.txt", b"in winmail")))),
        [("", "Subject: s", ()), ("二.txt", "in winmail", ())],
    ),
    "uu.eml": (
        _mail("text/plain", "", "before", _UUENCODED),
        [("", "before", ()), ("u.txt", "in uuencode", ())],
    ),
    "signed.eml": (
        _mail("application/pkcs7-mime", *_in_base64(block(SIGNED, _PLAIN.encode() + b"opaque text"))),
        [("", "opaque text", ())],
    ),
    "enveloped.eml": (
        _mail("application/pkcs7-mime", *_in_base64(block(ENVELOPED))),
        [("", "Subject: s", ("encrypted",))],
    ),
    "pgp.eml": (
        _mail("text/plain", "", "-----BEGIN PGP MESSAGE-----", "x", "-----END PGP MESSAGE-----", "after it"),
        [("", "after it", ("encrypted",))],
    ),
    "charset.eml": (
        _mail("text/plain; charset=x-none", *_in_base64("議事録の本文です".encode("cp932"))),
        [("", "議事録の本文です", ())],
    ),
    "octets.eml": (
        _mixed(
            f"Content-Disposition: attachment; filename*0*=''{_OCTETS[:9]};\n filename*1*={_OCTETS[9:]}\n\nx"
        ),
        [("", "見積書.txt", ()), ("見積書.txt", "x", ())],
    ),
    "noname.eml": (
        _mixed("Content-Disposition: attachment\nContent-Type: text/plain\n\nwithout a name"),
        [("", "file 1.txt", ()), ("file 1.txt", "without a name", ())],
    ),
    "report.eml": (
        _mixed("Content-Type: message/delivery-status\n\nReporting-MTA: x\n\nFinal-Recipient: lost\n"),
        [("", "Final-Recipient: lost", ())],
    ),
    "borders.eml": (
        _mail("multipart/mixed", "", "--b", _PLAIN + "no border", "--b--"),
        [("", "no border", ())],
    ),
    "cut.eml": (_mixed(_PLAIN + "cut off", end=""), [("", "cut off", ("corrupt",))]),
    "1.emlx": (b"60\n" + _mail("text/plain", "", "of macOS")[:60] + b"\n<plist/>", [("", "Subject: s", ())]),
    "prefix.exe": (
        b"MZ" + bytes(range(256)) * 8 + _zip({"a.txt": b"unpacks itself"}),
        [("", "a.txt", ()), ("a.txt", "unpacks itself", ())],
    ),
    "trailing.zip": (
        _zip({"a.txt": b"before junk"}) + b"junk" * 999,
        [("", "a.txt", ()), ("a.txt", "before junk", ())],
    ),
    "link.zip": (
        _zip({"a.txt": b"text"}, link="link"),
        [("", "link", ()), ("a.txt", "text", ()), ("link", "/etc/passwd", ())],
    ),
    "lzma.zip": (
        _zip({"a.txt": b"by LZMA"}, method=zipfile.ZIP_LZMA),
        [("", "a.txt", ()), ("a.txt", "by LZMA", ())],
    ),
    "folders.zip": (_zip({"one/": b"", "two/": b""}), [("", "one/\ntwo/", ())]),
    "empty.zip": (_zip({}), [("", "empty", ())]),
    "content.zip": (
        _zip({"content.xml": b"<a>no document</a>"}),
        [("", "content.xml", ()), ("content.xml", "no document", ())],
    ),
    "locked.zip": (
        encrypt("a.txt", b"text", password=b"unknown"),
        [("", "a.txt", ()), ("a.txt", "encrypted", ())],
    ),
    "links.tar": (
        _tar(file=tarfile.REGTYPE, hard=tarfile.LNKTYPE, symbolic=tarfile.SYMTYPE),
        [("", "file\nhard\nsymbolic", ()), ("file", "text", ())],
    ),
    "streams.gz": (
        gzip.compress(b"first\n") + gzip.compress(b"second\n"),
        [("", "", ()), ("streams", "first\nsecond", ())],
    ),
    "streams.bz2": (
        bz2.compress(b"first\n") + bz2.compress(b"second\n"),
        [("", "", ()), ("streams", "first\nsecond", ())],
    ),
    "tail.gz": (gzip.compress(b"first\n") + b"junk", [("", "", ()), ("tail", "first", ("corrupt",))]),
    "cut.gz": (gzip.compress(_LINES)[:30_000], [("", "", ()), ("cut", "line 1\nline 2\n", ("corrupt",))]),
}


@pytest.fixture
def seen(start: Start, tmp_path: Path) -> dict[str, list[Seen]]:
    """Of each file of the archive its pages and those of the files in it."""
    data = _zip({name: content for name, (content, _) in _TABLE.items()})
    with start(options()).open(request(tmp_path, "nasty.zip", data)) as run:
        run.detect()
        run.go()
        events = read(run)
    assert events[-1] == ReadingEnded()
    found: dict[str, list[Seen]] = {}
    for page in sorted(pages(events), key=lambda page: page.number):
        outer, _, inner = page.member_path.partition(" › ")
        found.setdefault(outer, []).append((inner, page.reason or page.text, tuple(page.unread)))
    return found


def test_each_file_is_read_or_named(seen: dict[str, list[Seen]]) -> None:
    wrong = {}
    for name, (_, expected) in _TABLE.items():
        found = seen.get(name, [])
        same = [(inner, unread) for inner, _, unread in found] == [
            (inner, unread) for inner, _, unread in expected
        ]
        if not same or not all(
            part in text for (_, text, _), (_, part, _) in zip(found, expected, strict=True)
        ):
            wrong[name] = [(inner, text[:80], unread) for inner, text, unread in found]
    assert wrong == {}
