"""The straight line inside a document's process, run here in a thread with the socket in hand."""

from __future__ import annotations

import errno
import io
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.stand_ins.made_pdfs import SENTENCE, Draw, lettered, pdf, picture, write
from tests.stand_ins.programs import StandInOffice
from worker.extract.read_options import Limits
from worker.models.page import Page, TextSource
from worker.sandbox import document_process
from worker.sandbox.channel import Channel
from worker.sandbox.run_state import PICTURE_NAME, THUMBNAIL_NAME

pytestmark = pytest.mark.unit

LIMITS = Limits(
    max_file_bytes=10**8,
    max_pixels=10**8,
    max_text_chars=1_000,
    page_timeout_s=60,
    document_timeout_s=60,
    document_timeout_per_page_s=20,
    memory_bytes=2 * 1024**3,
    cpu_s=60,
    output_bytes=10**9,
)

_TSV = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "5\t1\t1\t1\t1\t1\t10\t20\t60\t30\t91.5\tPICTURE\n"
)

Start = Callable[[str, bytes], Channel]


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
        ours.settimeout(60)
        sockets.append(ours)
        request = {
            "path": str(tmp_path / "original"),
            "name": name,
            "folder": str(tmp_path),
            "slots": 2,
            "limits": asdict(LIMITS),
            "languages": ["eng"],
            "dpi": 200,
            "ocr_engine": "tesseract",
            "second_pass": "off",
            "embed_pdf_pictures": False,
        }
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
        thread.join(60)
        assert not thread.is_alive()
    for sock in sockets:
        sock.close()


def _go(channel: Channel, *, skip: tuple[int, ...] = (), preview: bool = False) -> None:
    channel.send({"kind": "go", "skip": list(skip), "preview": preview})


def _until(channel: Channel, kind: str) -> dict[str, dict[str, Any]]:
    """All messages up to one of a kind, by their kinds."""
    messages: dict[str, dict[str, Any]] = {}
    while kind not in messages:
        message = channel.receive()
        messages[message["kind"]] = message
    return messages


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
    assert channel.receive() == {"kind": "type", "type": "txt"}
    _go(channel, preview=True)
    told = _until(channel, "preview")
    assert told["opened"]["pages"] == 1
    assert told["page"]["page"]["text"].strip() == "営業"
    assert told["preview"]["drawn"] is False


def test_a_picture_waits_for_its_permit(start: Start, tmp_path: Path) -> None:
    channel = start("a.tif", _tiff(tmp_path, 2))
    channel.receive()
    _go(channel, skip=(1,), preview=True)
    told = _until(channel, "preview")
    assert told["wants"]["page"] == 2
    assert "page" not in told
    channel.send({"kind": "ocr", "page": 2, "hint": None})
    page = _until(channel, "page")["page"]["page"]
    assert "HELLO 2" in page["text"]
    assert page["ocr_s"] > 0
    assert {path.name for path in tmp_path.iterdir()} >= {THUMBNAIL_NAME, PICTURE_NAME}


def _recognised(channel: Channel, page: int = 1) -> Page:
    _until(channel, "listed")
    channel.send({"kind": "ocr", "page": page, "hint": None})
    return Page.from_dict(_until(channel, "page")["page"]["page"])


def _calls(tesseract: Path) -> list[str]:
    calls = tesseract / "calls"
    return calls.read_text().splitlines() if calls.exists() else []


def test_a_blank_scan_costs_no_recognition(start: Start, tesseract: Path) -> None:
    paper = np.random.default_rng(3).normal(240, 6, (1_200, 900)).clip(0, 255).astype(np.uint8)
    paper[600:603, 300:303] = 0
    scan = io.BytesIO()
    Image.fromarray(paper).save(scan, "PNG")
    channel = start("a.png", scan.getvalue())
    channel.receive()
    _go(channel)

    page = _recognised(channel)

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
def test_a_picture_beside_a_layer_is_recognised_where_it_shows_something(
    start: Start, tesseract: Path, tmp_path: Path, draw: Draw, source: TextSource, calls: int
) -> None:
    (tesseract / "eng.tsv").write_text(_TSV)
    channel = start("a.pdf", pdf(tmp_path, draw).read_bytes())
    channel.receive()
    _go(channel)

    page = _recognised(channel)

    assert page.source is source
    assert {call.split()[0] for call in _calls(tesseract)} <= {"eng"}
    assert page.text.startswith("The quick brown fox")
    assert page.text.endswith("lazy dog." if calls == 0 else "lazy dog.\n\nPICTURE")
    assert len(_calls(tesseract)) == calls


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.bin", bytes(range(256)) * 9, "unsupported_type"),
        ("a.pdf", b"%PDF-1.4 rubbish", "corrupt"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_code(start: Start, name: str, data: bytes, code: str) -> None:
    channel = start(name, data)
    message = channel.receive()
    if message["kind"] == "type":
        _go(channel)
        message = _until(channel, "failed")["failed"]
    assert message["code"] == code
    assert message["message"]


def test_a_page_that_cannot_be_drawn_is_an_empty_page_with_a_reason(start: Start, tmp_path: Path) -> None:
    data = _tiff(tmp_path, 2)
    channel = start("a.tif", data)
    channel.receive()
    _go(channel)
    _until(channel, "listed")
    (tmp_path / "original").write_bytes(data[:60])
    channel.send({"kind": "ocr", "page": 2, "hint": None})
    page = _until(channel, "page")["page"]["page"]
    assert page["text"] == ""
    assert page["source"] == "failed"
    assert page["reason"]


def test_a_full_disk_is_not_the_pages_fault(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _tiff(tmp_path, 2)
    channel = start("a.tif", data)
    channel.receive()
    _go(channel)
    _until(channel, "listed")
    (tmp_path / "original").write_bytes(data[:60])
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    channel.send({"kind": "ocr", "page": 1, "hint": None})
    assert _until(channel, "failed")["failed"]["code"] == "unavailable"


def test_a_disk_that_is_full_while_a_picture_is_drawn_does_not_make_it_damaged(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = start("a.tif", _tiff(tmp_path, 2))
    channel.receive()
    _go(channel)
    _until(channel, "listed")

    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("PIL.Image.Image.save", no_room)
    channel.send({"kind": "ocr", "page": 2, "hint": None})

    assert _until(channel, "failed")["failed"]["code"] == "unavailable"


def test_a_file_that_nobody_could_convert_on_a_full_disk_is_not_damaged(
    start: Start, soffice: StandInOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    soffice.behaves("exit 0")
    channel = start("a.rtf", rb"{\rtf1\ansi Hello\par}")
    channel.receive()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    _go(channel)

    assert _until(channel, "failed")["failed"]["code"] == "unavailable"
