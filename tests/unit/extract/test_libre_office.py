"""Legacy Office files through LibreOffice: a program that behaves, crashes, hangs, or does nothing."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from worker.config import Settings
from worker.errors import Code, RejectedError
from worker.extract.libre_office import libre_office_version, open_through_libre_office
from worker.models import FileType, Page, TextSource
from worker.read_options import ReadOptions

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]
Soffice = Callable[[str], None]

_OPTIONS = ReadOptions(
    limits=replace(Settings().limits, page_timeout_s=10.0), languages=("jpn", "eng"), dpi=200
)
_RTF = rb"{\rtf1\ansi Hello from the past\par}"
_PROGRAM = """#!/bin/sh
here={here}
if [ "$1" = --version ]; then echo "LibreOffice 7.4.7.2 40(Build:2)"; exit 0; fi
echo "$*" > "$here/arguments"
profile=$(echo "$1" | sed 's|^-env:UserInstallation=file://||')
cp "$profile/user/registrymodifications.xcu" "$here/settings"
while [ "$1" != "--outdir" ]; do shift; done
out="$2"
input="$3"
{behaviour}
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture
def soffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Soffice:
    """Put a stand-in first on the PATH that behaves as the shell commands say."""
    folder = tmp_path / "soffice-folder"
    folder.mkdir()
    canvas = Canvas(str(folder / "ready.pdf"))
    canvas.drawString(72, 700, "Hello from the past")
    canvas.save()

    def behave(commands: str) -> None:
        program = folder / "soffice"
        program.write_text(_PROGRAM.format(here=folder, behaviour=commands))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return behave


@pytest.fixture
def no_soffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH without the program, whatever is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))


def _file(folder: Path, data: bytes = _RTF) -> Path:
    path = folder / "original"
    path.write_bytes(data)
    return path


def _rejection(file_type: FileType, path: Path, options: ReadOptions = _OPTIONS) -> Code:
    with pytest.raises(RejectedError) as caught:
        open_through_libre_office(file_type, path, options)
    return caught.value.code


def test_the_pdf_it_makes_is_read_with_its_text_layer(tmp_path: Path, soffice: Soffice) -> None:
    soffice('cp "$here/ready.pdf" "$out/document.pdf"; exit 1')

    source = open_through_libre_office(FileType.RTF, _file(tmp_path), _OPTIONS)

    (page,) = source.pages
    assert isinstance(page, Page)
    assert (page.text, page.source) == ("Hello from the past", TextSource.TEXT_LAYER)
    assert source.preview() is not None


def test_each_run_has_a_profile_of_its_own_without_macros_and_links(tmp_path: Path, soffice: Soffice) -> None:
    soffice('cp "$here/ready.pdf" "$out/document.pdf"')

    profiles = []
    for _ in range(2):
        open_through_libre_office(FileType.DOC, _file(tmp_path), _OPTIONS)
        arguments = (tmp_path / "soffice-folder" / "arguments").read_text()
        profiles.append(arguments.split()[0])
        assert arguments.split()[-1].endswith("/document.doc")
    settings = (tmp_path / "soffice-folder" / "settings").read_text()

    assert len(set(profiles)) == 2
    assert all(profile.startswith(f"-env:UserInstallation=file://{tmp_path}") for profile in profiles)
    assert 'oor:name="DisableMacrosExecution" oor:op="fuse"><value>true<' in settings
    assert 'oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true<' in settings
    assert list((tmp_path / "work").glob("*/profile")) == []


@pytest.mark.parametrize(
    ("file_type", "streams", "reader"),
    [
        (FileType.DOC, {"WordDocument": struct.pack("<HH", 0xA5EC, 0xC1)}, "MS Word 97"),
        (FileType.DOC, {"WordDocument": struct.pack("<HH", 0xA5DC, 104)}, "MS Word 95"),
        (FileType.DOC, {"WordDocument": struct.pack("<HH", 0xA5DC, 101)}, "MS WinWord 6"),
        (FileType.XLS, {"Workbook": b"", "Book": b""}, "MS Excel 97"),
        (FileType.XLS, {"Book": b""}, "MS Excel 95"),
        (FileType.PPT, {"PowerPoint Document": b""}, "MS PowerPoint 97"),
        (FileType.RTF, {}, "Rich Text Format"),
    ],
)
def test_the_program_is_told_how_to_read_so_that_nothing_damaged_passes_for_plain_text(
    tmp_path: Path,
    soffice: Soffice,
    write_ole: WriteOle,
    file_type: FileType,
    streams: dict[str, bytes],
    reader: str,
) -> None:
    soffice('cp "$here/ready.pdf" "$out/document.pdf"')
    path = write_ole(tmp_path / "a", streams) if streams else _file(tmp_path)

    open_through_libre_office(file_type, path, _OPTIONS)

    wish = ':impress_pdf_Export:{"ExportHiddenSlides":' if file_type is FileType.PPT else " --outdir"
    assert (
        f"--infilter={reader} --convert-to pdf{wish}"
        in (tmp_path / "soffice-folder" / "arguments").read_text()
    )


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ("exit 0", Code.CORRUPT),
        ("exit 77", Code.CRASHED),
        (': > "$out/document.pdf"', Code.CORRUPT),
        ('echo "no PDF" > "$out/document.pdf"', Code.CORRUPT),
        ("kill -SEGV $$", Code.CRASHED),
        ("exit 139", Code.CRASHED),
    ],
    ids=["no output", "status", "empty output", "rubbish", "signal", "signal of its own child"],
)
def test_what_it_fails_on_has_a_reason(tmp_path: Path, soffice: Soffice, commands: str, code: Code) -> None:
    soffice(commands)

    assert _rejection(FileType.RTF, _file(tmp_path)) is code


def test_a_program_that_hangs_is_ended_in_a_pages_time(tmp_path: Path, soffice: Soffice) -> None:
    soffice("exec sleep 600")
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, page_timeout_s=0.5))

    assert _rejection(FileType.RTF, _file(tmp_path), options) is Code.TIMEOUT


def test_without_the_program_the_file_says_what_it_needs(tmp_path: Path, no_soffice: None) -> None:
    assert _rejection(FileType.RTF, _file(tmp_path)) is Code.NEEDS_LIBREOFFICE
    assert libre_office_version() == ""


def test_a_container_that_is_cut_off_is_damaged_with_or_without_the_program(
    tmp_path: Path, write_ole: WriteOle, no_soffice: None
) -> None:
    path = write_ole(tmp_path / "a.doc", {"WordDocument": b"", "1Table": b""})
    path.write_bytes(path.read_bytes()[:1024])

    assert _rejection(FileType.DOC, path) is Code.CORRUPT


def _open_document(manifest: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<a/>")
        archive.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def test_a_file_that_asks_for_a_password_is_told_without_the_program(
    tmp_path: Path, write_ole: WriteOle, no_soffice: None
) -> None:
    word = write_ole(tmp_path / "a.doc", {"WordDocument": bytes(10) + b"\x00\x01"})
    locked = _open_document("<m xmlns:n='urn:n'><n:file-entry><n:encryption-data/></n:file-entry></m>")

    assert _rejection(FileType.DOC, word) is Code.ENCRYPTED
    assert _rejection(FileType.ODT, _file(tmp_path, locked)) is Code.ENCRYPTED
    assert _rejection(FileType.ODT, _file(tmp_path, _open_document("<m/>"))) is Code.NEEDS_LIBREOFFICE


def test_an_archive_is_looked_at_before_the_program_sees_it(tmp_path: Path, soffice: Soffice) -> None:
    soffice("exit 0")

    assert _rejection(FileType.ODS, _file(tmp_path, _open_document("<m/>")[:90])) is Code.CORRUPT
    assert not (tmp_path / "soffice-folder" / "arguments").exists()


@pytest.mark.parametrize(
    ("commands", "version"),
    [("", "7.4.7.2"), ("exit 1", "7.4.7.2")],
)
def test_the_version_is_what_the_program_says(soffice: Soffice, commands: str, version: str) -> None:
    soffice(commands)

    assert libre_office_version() == version


def test_a_program_that_is_something_else_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(shutil.which("true") or "/bin/true", tmp_path / "soffice")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert libre_office_version() == ""
