"""Real children, forked from a real fork server, on small real files."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docx
import pytest

from tests.stand_ins.reading import (
    children,
    ending,
    options,
    pages,
    picture,
    read,
    request,
)
from worker.config import sandbox_environment
from worker.errors import Code, MisconfiguredError
from worker.extract.read_options import ReadOptions
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import THUMBNAIL_NAME, PreviewDone
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.integration


def test_a_text_file_is_read_in_a_child(start: Callable[[ReadOptions], Sandbox], tmp_path: Path) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.txt", "営業報告".encode())) as run:
        assert run.detect() is FileType.TEXT
        run.go()
        events = read(run)
    assert [page.text.strip() for page in pages(events)] == ["営業報告"]
    assert events[-1] == ReadingEnded()
    assert children() == []


def test_pages_are_ocred_with_permits_and_the_pictures_are_drawn(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    what = request(tmp_path, "a.tif", picture(tmp_path, frames=3))
    with sandbox.open(what) as run:
        assert run.detect() is FileType.TIFF
        run.go()
        events = read(run)
        assert PreviewDone(drawn=True) in events
        assert (what.folder / "thumbnail.webp").stat().st_size > 0
        assert (what.folder / "picture.jpg").stat().st_size > 0
    found = {page.number: page.text for page in pages(events)}
    assert sorted(found) == [1, 2, 3]
    assert all(f"HELLO {number}" in text for number, text in found.items())
    assert sorted(path.name for path in what.folder.glob("*.pgm")) == []


def test_a_picture_in_a_document_has_a_permit_of_its_own_behind_the_text(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    made = docx.Document()
    made.add_paragraph("Some words")
    made.add_picture(io.BytesIO(picture(tmp_path)))
    made.save(str(tmp_path / "a.docx"))
    sandbox = start(options())
    what = request(tmp_path, "b.docx", (tmp_path / "a.docx").read_bytes())
    with sandbox.open(what) as run:
        assert run.detect() is FileType.DOCX
        run.go()
        text, ocred = pages(read(run))
    assert (text.number, text.text, text.source) == (1, "Some words", TextSource.FILE)
    assert (ocred.number, ocred.source) == (2, TextSource.OCR)
    assert "HELLO 1" in ocred.text
    assert {path.name for path in what.folder.iterdir()} <= {"original", "scratch", THUMBNAIL_NAME}
    assert list(what.folder.rglob("picture-*")) == []


@pytest.mark.parametrize(("ocr_engine", "needs"), [("tesseract", "pytesseract"), ("tesserocr", "tesserocr")])
def test_pages_are_read_by_what_the_settings_choose(
    start: Callable[[ReadOptions], Sandbox],
    tmp_path: Path,
    require_module: Callable[..., None],
    ocr_engine: str,
    needs: str,
) -> None:
    require_module(needs)
    sandbox = start(replace(options(), ocr_engine=ocr_engine, second_pass="off"))
    with sandbox.open(request(tmp_path, "a.png", picture(tmp_path))) as run:
        run.detect()
        run.go()
        (page,) = pages(read(run))
    assert page.text == "HELLO 1"
    assert page.engine == f"{ocr_engine} eng"


def _done(number: int) -> Page:
    return Page(number=number, text="", source=TextSource.BLANK)


def test_pages_that_are_done_are_not_read_again(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=3))) as run:
        run.detect()
        run.go(done=[_done(1), _done(3)], preview=False)
        assert [page.number for page in pages(read(run))] == [2]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty.txt", b"", Code.EMPTY),
        ("broken.pdf", b"%PDF-1.7\nnothing of the kind", Code.CORRUPT),
        ("unknown.bin", bytes(range(256)) * 20, Code.UNSUPPORTED_TYPE),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_its_reason(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path, name: str, data: bytes, code: Code
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, name, data)) as run:
        assert ending(run) is code


def test_more_memory_than_allowed_is_a_reason_and_no_crash(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options(memory_bytes=600 * 1024**2, max_text_chars=10**9))
    with sandbox.open(request(tmp_path, "big.txt", b"word " * 60_000_000)) as run:
        assert ending(run) in (Code.MEMORY, Code.CRASHED)


def test_a_drained_run_finishes_the_pages_in_hand_only(
    start: Callable[[ReadOptions], Sandbox], tmp_path: Path
) -> None:
    sandbox = start(options())
    with sandbox.open(request(tmp_path, "a.tif", picture(tmp_path, frames=20))) as run:
        run.detect()
        run.go()
        while not isinstance(run.next(0.2), Page):
            pass
        run.drain()
        while run.busy:
            assert not isinstance(run.next(0.2), ReadingEnded)
        assert 0 < run.left < 20


def test_a_language_that_is_not_installed_is_named_with_its_package(
    start: Callable[[ReadOptions], Sandbox],
) -> None:
    with pytest.raises(MisconfiguredError, match="tesseract-ocr-tlh"):
        start(options(languages=("eng", "tlh")))


@pytest.mark.parametrize("program", ["tesseract", "pdftoppm", "pdfinfo"])
def test_a_missing_program_is_named(tmp_path: Path, program: str) -> None:
    for name in {"tesseract", "pdftoppm", "pdfinfo", "nice"} - {program}:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)
    environment = sandbox_environment() | {"PATH": str(tmp_path)}
    sandbox = Sandbox(options=options(), slots=1, work_root=tmp_path / "work", environment=environment)
    with pytest.raises(MisconfiguredError, match=program):
        sandbox.start()
    sandbox.close()
