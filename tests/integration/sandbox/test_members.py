"""Files within files, in a real sandbox: each is read or named with its reason, and none costs another."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.stand_ins.encrypted_zip import encrypt
from tests.stand_ins.reading import children, options, pages, picture, read, request
from worker.extract.read_options import ReadOptions
from worker.models.mail_fields import MemberMails
from worker.models.page import Page, TextSource
from worker.sandbox.nets.events import Event, ReadingEnded
from worker.sandbox.protocol import DocumentDetails
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

Start = Callable[[ReadOptions], Sandbox]


def _zip(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def _mail(text: str, subject: str, files: Mapping[str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", subject
    mail.set_content(text)
    for name, content in files.items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def _read(
    sandbox: Sandbox, folder: Path, name: str, data: bytes, *, done: tuple[Page, ...] = ()
) -> list[Event]:
    with sandbox.open(request(folder, name, data)) as run:
        run.detect()
        run.go(done=done)
        return read(run)


def _seen(events: list[Event]) -> list[tuple[str, int, str]]:
    """Of each page in order: the file, the page in it, and its reason or its text."""
    found = sorted(pages(events), key=lambda page: page.number)
    assert [page.number for page in found] == list(range(1, len(found) + 1))
    return [(page.member_path, page.member_page, page.reason or page.text) for page in found]


def test_a_mail_in_an_archive_in_a_mail_is_read_to_its_picture(start: Start, tmp_path: Path) -> None:
    inner = _mail("inner text", "二通目", {"scan.tif": picture(tmp_path, frames=2), "注文書.txt": b"ZZ-100"})
    outer = _mail("outer text", "見積書の件", {"a.zip": _zip({"mail.eml": inner, "last.txt": b"the last"})})
    events = _read(start(options()), tmp_path, "mail.eml", outer)

    inside = "a.zip › mail.eml"
    seen = _seen(events)
    assert [(path, page) for path, page, _ in seen] == [
        *(("", 0), ("a.zip", 1), (inside, 1)),
        *((f"{inside} › scan.tif", 1), (f"{inside} › scan.tif", 2)),
        *((f"{inside} › 注文書.txt", 1), ("a.zip › last.txt", 1)),
    ]
    texts = [text for _, _, text in seen]
    assert "Subject: 見積書の件" in texts[0]
    assert "outer text" in texts[0]
    assert texts[1] == "mail.eml\nlast.txt"
    assert "inner text" in texts[2]
    assert [text.strip() for text in texts[3:]] == ["HELLO 1", "HELLO 2", "ZZ-100", "the last"]
    assert events[-1] == ReadingEnded()


def test_what_cannot_be_read_is_named_between_what_can(start: Start, tmp_path: Path) -> None:
    bomb = _zip({"zeros.bin": bytes(60_000_000)})
    files = {
        "first.txt": b"the first",
        "locked.zip": encrypt("secret.txt", b"secret", password=b"unknown"),
        "bomb.zip": bomb,
        "damaged.pdf": b"%PDF-1.7\n1 0 obj\nnothing more",
        "program.bin": bytes(range(256)) * 40,
        "empty.txt": b"",
        "last.txt": b"the last",
    }
    events = _read(start(options()), tmp_path, "a.zip", _zip(files))

    reasons = {path: text for path, _, text in _seen(events)}
    assert reasons["first.txt"] == "the first"
    assert reasons["locked.zip › secret.txt"] == "encrypted"
    assert reasons["bomb.zip › zeros.bin"] == "bomb"
    assert reasons["damaged.pdf"] == "corrupt"
    assert reasons["program.bin"] == "unsupported_type"
    assert reasons["empty.txt"] == "empty"
    assert reasons["last.txt"] == "the last"
    assert events[-1] == ReadingEnded()


def test_names_are_shown_and_never_used(start: Start, tmp_path: Path) -> None:
    names = [
        "../../escaped.txt",
        "/absolute.txt",
        "x" * 4000 + ".txt",
        "bidi\u202etxt.exe",
        "CON",
        "a\\b.txt",
    ]
    events = _read(start(options()), tmp_path, "a.zip", _zip(dict.fromkeys(names, b"text")))

    paths = [path for path, _, text in _seen(events)[1:] if text == "text"]
    assert paths[:2] == ["escaped.txt", "absolute.txt"]
    assert len(paths) == len(names)
    assert all(path.isprintable() and len(path) <= 200 for path in paths)
    assert not list(tmp_path.rglob("escaped.txt")) + list(tmp_path.parent.glob("escaped.txt"))


def test_a_scan_in_two_mails_is_read_once(start: Start, tmp_path: Path) -> None:
    scan = picture(tmp_path, frames=2)
    mails = {f"{name}.eml": _mail("text", name, {"scan.tif": scan}) for name in ("first", "second")}
    with start(options()).open(request(tmp_path, "a.zip", _zip(mails))) as run:
        run.detect()
        run.go()
        events = read(run)
        copied = [page.member_path for page in pages(events) if run.is_copied(page)]
    assert copied == ["second.eml › scan.tif"] * 2
    seen = [(path, page, text.strip()) for path, page, text in _seen(events) if path.endswith("scan.tif")]
    assert seen == [
        (f"{name}.eml › scan.tif", number, f"HELLO {number}")
        for name in ("first", "second")
        for number in (1, 2)
    ]
    assert events[-1] == ReadingEnded()


def test_files_beyond_the_limit_are_counted_on_a_page(start: Start, tmp_path: Path) -> None:
    files = {f"{number}.txt": b"text" for number in range(60)}
    events = _read(start(options(max_members=50)), tmp_path, "a.zip", _zip(files))
    last = max(pages(events), key=lambda page: page.number)
    assert (last.number, last.reason, last.source) == (52, "too_many_members", TextSource.NOT_READ)
    assert "10 files beyond the first 50" in last.message


# The real fork server, whose processes die of files with one of these names.
_CRASHES = """#!{python}
import os, signal, sys
from worker.sandbox import document_process, fork_server

detect = document_process.detect_file_type

def detect_or_die(path, name=""):
    if name.startswith("crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    return detect(path, name)

document_process.detect_file_type = detect_or_die
fork_server.main(sys.argv[sys.argv.index("worker.sandbox.fork_server") + 1 :])
"""


def test_a_file_that_kills_its_reader_is_lost_alone_and_not_tried_again(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text(_CRASHES.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    scan = picture(tmp_path, frames=2)
    data = _zip({"first.txt": b"the first", "crash.pdf": b"%PDF", "scan.tif": scan, "last.txt": b"the last"})
    sandbox = start(options())
    events = _read(sandbox, tmp_path, "a.zip", data)

    expected = [
        ("", 0, "first.txt\ncrash.pdf\nscan.tif\nlast.txt"),
        ("first.txt", 1, "the first"),
        ("crash.pdf", 0, "crashed"),
        *(("scan.tif", 1, "HELLO 1"), ("scan.tif", 2, "HELLO 2")),
        ("last.txt", 1, "the last"),
    ]
    assert [(path, page, text.strip()) for path, page, text in _seen(events)] == expected
    # Another worker goes on from a checkpoint: the numbers stay, and no process dies again.
    done = tuple(page for page in pages(events) if page.member_path in ("crash.pdf", "first.txt"))
    (tmp_path / "again").mkdir()
    rest = pages(_read(sandbox, tmp_path / "again", "a.zip", data, done=done))
    assert sorted((page.number, page.member_path) for page in rest) == [
        *((1, ""), (4, "scan.tif"), (5, "scan.tif")),
        (6, "last.txt"),
    ]
    assert children() == []


def test_a_compressed_file_is_named_as_its_container(start: Start, tmp_path: Path) -> None:
    seen = _seen(_read(start(options()), tmp_path, "table.csv.gz", gzip.compress(b"a,b\n1,2\n")))
    assert seen[-1] == ("table.csv", 1, "a,b\n1,2")


def test_the_headers_of_mails_within_are_those_of_the_document(start: Start, tmp_path: Path) -> None:
    mails = {f"{name}.eml": _mail("text", name, {}) for name in ("first", "second")}
    events = _read(start(options()), tmp_path, "a.zip", _zip({"mails.zip": _zip(mails)}))
    (details,) = [event for event in events if isinstance(event, DocumentDetails)]
    assert details.properties.mail is None
    assert details.properties.member_mails == MemberMails(
        senders=("a@example.com",), recipients=("b@example.com",), subjects=("first", "second")
    )
