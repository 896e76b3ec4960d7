"""The document process, run here in a thread with the test in the place of the worker."""

from __future__ import annotations

import errno
import io
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.stand_ins.made_pdfs import SENTENCE, Draw, lettered, pdf, picture, write
from tests.stand_ins.programs import StandInOffice
from worker.errors import Code
from worker.extract.read_options import Limits, ReadOptions
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox import document_process
from worker.sandbox.channel import Channel
from worker.sandbox.protocol import (
    PICTURE_NAME,
    THUMBNAIL_NAME,
    AllPagesListed,
    BeginReading,
    DocumentOpened,
    ExtractionRequest,
    FromDocumentProcess,
    OcrPage,
    PageExtracted,
    PageNeedsOcr,
    PreviewDone,
    ReadingFailed,
    SpawnRequest,
    TypeDetected,
    message_from_document_process,
    to_json,
)

pytestmark = pytest.mark.unit

LIMITS = Limits(
    max_file_bytes=10**8,
    max_pixels=10**8,
    max_text_chars=1_000,
    page_timeout_s=200,
    document_timeout_s=250,
    document_timeout_per_page_s=20,
    memory_bytes=3 * 1024**3,
    cpu_s=60,
    output_bytes=10**9,
)
OPTIONS = ReadOptions(limits=LIMITS, languages=("eng",), dpi=200, ocr_engine="tesseract", second_pass="off")

_TSV = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "5\t1\t1\t1\t1\t1\t0\t0\t3000\t3000\t91.5\tPICTURE\n"
)

Start = Callable[[str, bytes], Channel]
M = TypeVar("M")


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Begin to read a file; the worker's side of the channel."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def started(name: str, data: bytes) -> Channel:
        (tmp_path / "original").write_bytes(data)
        ours, theirs = socket.socketpair()
        ours.settimeout(250)
        sockets.append(ours)
        request = SpawnRequest(
            document=ExtractionRequest(path=tmp_path / "original", name=name, folder=tmp_path),
            slots=2,
            options=OPTIONS,
        )
        thread = threading.Thread(target=document_process.main, args=(Channel(theirs), request))
        thread.start()
        threads.append(thread)
        sockets.append(theirs)
        return Channel(ours)

    yield started
    for sock in sockets:
        if sock.fileno() >= 0:
            sock.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(250)
        assert not thread.is_alive()
    for sock in sockets:
        sock.close()


def _go(channel: Channel, *, skip: tuple[int, ...] = (), preview: bool = False) -> None:
    channel.send(to_json(BeginReading(skip=skip, preview=preview)))


def _receive(channel: Channel) -> FromDocumentProcess:
    return message_from_document_process(channel.receive())


def _until(channel: Channel, kind: type[M]) -> tuple[M, list[FromDocumentProcess]]:
    """The next message of a kind, and those before it."""
    before: list[FromDocumentProcess] = []
    while not isinstance(message := _receive(channel), kind):
        before.append(message)
    return message, before


def _permit(channel: Channel, page: int) -> None:
    channel.send(to_json(OcrPage(page=page, hint=None)))


def _tiff(folder: Path, frames: int) -> bytes:
    images = []
    for number in range(frames):
        image = Image.new("L", (500, 160), 255)
        ImageDraw.Draw(image).text((30, 40), f"HELLO {number + 1}", fill=0, font_size=60)
        images.append(image)
    path = folder / "made.tif"
    images[0].save(path, save_all=True, append_images=images[1:])
    return path.read_bytes()


def test_a_text_is_read_after_go_and_not_before(start: Start) -> None:
    channel = start("a.txt", "営業".encode())
    assert _receive(channel) == TypeDetected(file_type=FileType.TEXT)
    _go(channel, preview=True)
    preview, (opened, text, listed) = _until(channel, PreviewDone)
    assert opened == DocumentOpened(pages=1)
    assert isinstance(text, PageExtracted)
    assert text.page.text.strip() == "営業"
    assert listed == AllPagesListed()
    assert preview == PreviewDone(drawn=False)


def test_a_picture_waits_for_its_permit(start: Start, tmp_path: Path) -> None:
    channel = start("a.tif", _tiff(tmp_path, 2))
    _receive(channel)
    _go(channel, skip=(1,), preview=True)
    _, before = _until(channel, PreviewDone)
    assert before == [DocumentOpened(pages=2), PageNeedsOcr(page=2, fallback=None), AllPagesListed()]
    _permit(channel, 2)
    extracted, _ = _until(channel, PageExtracted)
    assert "HELLO 2" in extracted.page.text
    assert extracted.page.ocr_s > 0
    assert {path.name for path in tmp_path.iterdir()} >= {THUMBNAIL_NAME, PICTURE_NAME}


def _ocr(channel: Channel, page: int = 1) -> Page:
    _until(channel, AllPagesListed)
    _permit(channel, page)
    return _until(channel, PageExtracted)[0].page


def _calls(tesseract: Path) -> list[str]:
    calls = tesseract / "calls"
    return calls.read_text().splitlines() if calls.exists() else []


def test_a_blank_scan_costs_no_ocr(start: Start, tesseract: Path) -> None:
    paper = np.random.default_rng(3).normal(240, 6, (1_200, 900)).clip(0, 255).astype(np.uint8)
    paper[600:603, 300:303] = 0
    scan = io.BytesIO()
    Image.fromarray(paper).save(scan, "PNG")
    channel = start("a.png", scan.getvalue())
    _receive(channel)
    _go(channel)

    page = _ocr(channel)
    assert (page.text, page.source, page.reason) == ("", TextSource.BLANK, None)
    assert _calls(tesseract) == []


@pytest.mark.parametrize(
    ("draw", "source", "calls"),
    [
        (lettered("PICTURE", then=write(SENTENCE, lines=5)), TextSource.MIXED, 1),
        (picture(300, 300, then=write(SENTENCE, lines=5)), TextSource.TEXT_LAYER, 0),
    ],
    ids=["words in the picture", "an even picture"],
)
def test_a_picture_beside_a_layer_is_ocred_where_it_shows_something(
    start: Start, tesseract: Path, tmp_path: Path, draw: Draw, source: TextSource, calls: int
) -> None:
    (tesseract / "eng.tsv").write_text(_TSV)
    channel = start("a.pdf", pdf(tmp_path, draw).read_bytes())
    _receive(channel)
    _go(channel)

    page = _ocr(channel)
    assert page.source is source
    assert {call.split()[0] for call in _calls(tesseract)} <= {"eng"}
    assert page.text.startswith("The quick brown fox")
    assert page.text.endswith("lazy dog." if calls == 0 else "lazy dog.\n\nPICTURE")
    assert len(_calls(tesseract)) == calls


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.bin", bytes(range(256)) * 9, Code.UNSUPPORTED_TYPE),
        ("a.pdf", b"%PDF-1.4 garbage", Code.CORRUPT),
    ],
)
def test_what_cannot_be_read_has_its_code(start: Start, name: str, data: bytes, code: Code) -> None:
    channel = start(name, data)
    message = _receive(channel)
    if isinstance(message, TypeDetected):
        _go(channel)
        message = _until(channel, ReadingFailed)[0]
    assert isinstance(message, ReadingFailed)
    assert message.code is code
    assert message.message


def test_a_page_to_ocr_comes_with_what_to_keep_of_its_layer(start: Start, tmp_path: Path) -> None:
    draw = lettered("PICTURE", then=write(SENTENCE, lines=5))
    channel = start("a.pdf", pdf(tmp_path, draw).read_bytes())
    _receive(channel)
    _go(channel)
    fallback = _until(channel, PageNeedsOcr)[0].fallback
    assert fallback is not None
    assert fallback.text.startswith("The quick brown fox")
    assert fallback.source is TextSource.TEXT_LAYER


def test_a_message_that_is_none_ends_it(start: Start) -> None:
    channel = start("a.txt", b"text")
    _receive(channel)
    channel.send({"kind": "BeginReading", "skip": "all"})
    failed, _ = _until(channel, ReadingFailed)
    assert failed == ReadingFailed(code=Code.CRASHED, message="the reader failed with ProtocolError")


def test_a_page_that_cannot_be_drawn_is_an_empty_page_with_a_reason(start: Start, tmp_path: Path) -> None:
    data = _tiff(tmp_path, 2)
    channel = start("a.tif", data)
    _receive(channel)
    _go(channel)
    _until(channel, AllPagesListed)
    (tmp_path / "original").write_bytes(data[:60])
    _permit(channel, 2)
    page = _until(channel, PageExtracted)[0].page
    assert (page.text, page.source) == ("", TextSource.FAILED)
    assert page.reason


def test_a_full_disk_is_not_the_pages_fault(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _tiff(tmp_path, 2)
    channel = start("a.tif", data)
    _receive(channel)
    _go(channel)
    _until(channel, AllPagesListed)
    (tmp_path / "original").write_bytes(data[:60])
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    _permit(channel, 1)
    assert _until(channel, ReadingFailed)[0].code is Code.UNAVAILABLE


def test_a_disk_that_is_full_while_a_picture_is_drawn_does_not_make_it_damaged(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = start("a.tif", _tiff(tmp_path, 2))
    _receive(channel)
    _go(channel)
    _until(channel, AllPagesListed)

    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("PIL.Image.Image.save", no_room)
    _permit(channel, 2)
    assert _until(channel, ReadingFailed)[0].code is Code.UNAVAILABLE


def test_a_file_that_could_not_be_converted_on_a_full_disk_is_not_damaged(
    start: Start, soffice: StandInOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    soffice.behaves("exit 0")
    channel = start("a.rtf", rb"{\rtf1\ansi Hello\par}")
    _receive(channel)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    _go(channel)

    assert _until(channel, ReadingFailed)[0].code is Code.UNAVAILABLE
