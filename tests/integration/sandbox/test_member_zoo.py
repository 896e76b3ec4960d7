"""A zoo of files within files through a real sandbox: what stands in each place, and that none is missing.

A mail in an archive in a mail, and a file that kills its reader between two good ones, are in
test_members.py; what programs and accidents make of files is in test_nasty_members.py.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import reduce
from pathlib import Path

import docx
import pikepdf
import pytest
from PIL import Image

from tests.stand_ins.encrypted_zip import encrypt
from tests.stand_ins.reading import options, pages, picture, read, request
from worker.extract.read_options import ReadOptions
from worker.models.page import Page
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration

Start = Callable[[ReadOptions], Sandbox]
WriteOle = Callable[[Path, dict[str, bytes]], Path]


@pytest.fixture
def read_all(start: Start, tmp_path: Path) -> Callable[[str, bytes], list[Page]]:
    """The pages of a document in order, without a gap; it is read to its end."""

    def read_all(name: str, data: bytes) -> list[Page]:
        with start(options()).open(request(tmp_path, name, data)) as run:
            run.detect()
            run.go()
            events = read(run)
        assert events[-1] == ReadingEnded()
        found = sorted(pages(events), key=lambda page: page.number)
        assert [page.number for page in found] == list(range(1, len(found) + 1))
        return found

    return read_all


ReadAll = Callable[[str, bytes], list[Page]]


def _zip(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def _mail(files: Mapping[str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", "subject"
    mail.set_content("body")
    for name, content in files.items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def _seen(found: list[Page]) -> list[tuple[str, str]]:
    """Of the pages of files within: path, and reason or text."""
    return [(page.member_path, page.reason or page.text.strip()) for page in found if page.member_path]


def test_beyond_eight_in_one_another_the_deepest_says_so(read_all: ReadAll) -> None:
    def wrap(inner: bytes, level: int) -> bytes:
        return _zip({f"{level}.zip" if level > 1 else "9.txt": inner, f"beside {level}.txt": b"beside"})

    levels = range(1, 10)
    found = read_all("deep.zip", reduce(wrap, levels, b"the ninth"))
    deepest = [page for page in found if "too_deep" in page.unread]
    assert [page.member_path.count("›") for page in deepest] == [7]
    assert "the ninth" not in [page.text for page in found]
    assert sum(page.text == "beside" for page in found) == 8


def test_a_bomb_in_a_mail_costs_no_other_file(read_all: ReadAll) -> None:
    bomb = _zip({"zeros.bin": bytes(80_000_000), "small.txt": b"small"})
    seen = _seen(read_all("a.eml", _mail({"first.txt": b"first", "bomb.zip": bomb, "last.txt": b"last"})))
    assert seen == [
        ("first.txt", "first"),
        ("bomb.zip", "zeros.bin\nsmall.txt"),
        ("bomb.zip › zeros.bin", "bomb"),
        ("bomb.zip › small.txt", "small"),
        ("last.txt", "last"),
    ]


def test_an_encrypted_archive_among_sound_files_is_named(read_all: ReadAll) -> None:
    locked = encrypt("secret.txt", b"secret", password=b"unknown")
    seen = _seen(read_all("a.zip", _zip({"first.txt": b"first", "locked.zip": locked, "last.txt": b"last"})))
    assert seen == [
        ("first.txt", "first"),
        ("locked.zip", "secret.txt"),
        ("locked.zip › secret.txt", "encrypted"),
        ("last.txt", "last"),
    ]


def test_japanese_names_are_read_in_the_code_page_of_windows(read_all: ReadAll) -> None:
    names = ["見積書 株式会社.txt", "ソ表ﾃｽﾄ.txt"]
    data = _zip({f"{number}" * len(name.encode("cp932")): b"text" for number, name in enumerate(names)})
    for number, name in enumerate(names):
        encoded = name.encode("cp932")
        data = data.replace(f"{number}".encode() * len(encoded), encoded)
    assert _seen(read_all("a.zip", data)) == [(name, "text") for name in names]


def test_hostile_names_are_shown_in_one_line_and_lead_nowhere(read_all: ReadAll, tmp_path: Path) -> None:
    names = [
        "../../up.txt",
        "/etc/up.txt",
        "C:\\up.txt",
        "nul_X.txt",
        "y" * 4_096,
        "bidi\u202etxt.exe",
        "..",
        "\r\nup.txt",
    ]
    data = _zip(dict.fromkeys(names, b"text")).replace(b"nul_X", b"nul\0X")
    found = [page for page in read_all("a.zip", data) if page.member_path]
    assert [page.text for page in found] == ["text"] * len(names)
    assert all(page.member_path.isprintable() and len(page.member_path) <= 200 for page in found)
    assert not any(part in ("..", "") for page in found for part in page.member_path.split("/"))
    assert not list(tmp_path.parent.rglob("up.txt"))


def test_a_portfolio_is_its_cover_its_names_and_its_files(read_all: ReadAll, tmp_path: Path) -> None:
    data = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.attachments["a scan.tif"] = picture(tmp_path)
        pdf.attachments["b mail.eml"] = _mail({"note.txt": b"note"})
        pdf.Root.Collection = pikepdf.Dictionary(Type=pikepdf.Name.Collection)
        pdf.save(data)
    found = read_all("portfolio.pdf", data.getvalue())
    assert [page.text for page in found[:2]] == ["", "a scan.tif\nb mail.eml"]
    scan, mail, note = _seen(found)
    assert scan == ("a scan.tif", "HELLO 1")
    assert mail[0] == "b mail.eml"
    assert "Subject: subject" in mail[1]
    assert note == ("b mail.eml › note.txt", "note")


def test_a_picture_of_text_in_a_document_in_a_mail_of_outlook(
    read_all: ReadAll, tmp_path: Path, write_ole: WriteOle
) -> None:
    document, drawn, data = docx.Document(), io.BytesIO(), io.BytesIO()
    Image.open(io.BytesIO(picture(tmp_path))).save(drawn, "PNG")
    document.add_paragraph("a paragraph")
    document.add_picture(drawn)
    document.save(data)
    attachment = "__attach_version1.0_#00000000/__substg1.0_"
    mail = write_ole(
        tmp_path / "made.msg",
        {
            "__properties_version1.0": bytes(32),
            "__substg1.0_0037001F": "件名".encode("utf-16-le"),
            "__substg1.0_1000001F": "body".encode("utf-16-le"),
            f"{attachment}3707001F": "報告.docx".encode("utf-16-le"),
            f"{attachment}37010102": data.getvalue(),
        },
    )
    found = read_all("a.msg", mail.read_bytes())
    assert "Subject: 件名" in found[0].text
    assert _seen(found) == [("報告.docx", "a paragraph"), ("報告.docx", "HELLO 1")]


def test_of_six_thousand_files_five_thousand_are_read_and_the_others_counted(read_all: ReadAll) -> None:
    found = read_all("many.zip", _zip({f"{number}.txt": b"%d" % number for number in range(1, 6_001)}))
    assert len(found) == 1 + 5_000 + 1
    assert [page.text for page in found[1:-1]] == [str(number) for number in range(1, 5_001)]
    # Also those that are not read are found by their names.
    assert found[0].text.split("\n")[-1] == "6000.txt"
    assert (found[-1].number, found[-1].reason) == (5_002, "too_many_members")
    assert "1000 files beyond the first 5000" in found[-1].message


def test_the_same_attachment_in_forty_mails_is_read_once(start: Start, tmp_path: Path) -> None:
    mail = _mail({"scan.tif": picture(tmp_path)})
    mailbox = b"".join(b"From a@example.com Mon Nov 30 10:00:00 2026\n%s\n\n" % mail for _ in range(40))
    with start(options()).open(request(tmp_path, "all.mbox", mailbox)) as run:
        run.detect()
        run.go()
        found = pages(read(run))
        copies = sum(run.is_copied(page) for page in found)
    scans = [page for page in found if page.member_path.endswith("scan.tif")]
    assert (len(scans), copies) == (40, 39)
    assert {page.text.strip() for page in scans} == {"HELLO 1"}
