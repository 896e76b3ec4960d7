"""What the document process says of pages and documents: in the user's words, and within its bounds."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.stand_ins.document_run import LIMITS
from worker.errors import Code, OCRError
from worker.extract.ocr import page_recognition
from worker.extract.read_options import ReadOptions
from worker.sandbox import document_process
from worker.sandbox.channel import Channel
from worker.sandbox.checks.unread_values import MAX_MESSAGE_CHARS
from worker.sandbox.protocol import (
    BeginReading,
    ExtractionRequest,
    FromDocumentProcess,
    OcrPage,
    PageExtracted,
    PageNeedsOcr,
    ReadingFailed,
    SpawnRequest,
    message_from_document_process,
    to_json,
)

pytestmark = pytest.mark.unit

_TSV = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "5\t1\t1\t1\t1\t1\t0\t0\t490\t150\t95.5\tHELLO\n"
)
_OPTIONS = ReadOptions(
    limits=replace(LIMITS, max_pixels=10**8, cpu_s=60),
    languages=("eng",),
    dpi=200,
    ocr_engine="tesseract",
    second_pass="off",
)


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(60)
    yield ours, theirs
    ours.close()
    theirs.close()


def _until(channel: Channel, kind: type[FromDocumentProcess]) -> FromDocumentProcess:
    while not isinstance(message := message_from_document_process(channel.receive()), kind):
        pass
    return message


def test_what_is_said_of_an_incomplete_page_names_the_users_file(
    tmp_path: Path,
    tesseract: Path,
    monkeypatch: pytest.MonkeyPatch,
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    def fail(*_arguments: object) -> None:
        raise OCRError(f"page-00001.pgm: not read; see {tmp_path}/scratch/page-00001.pgm, {'x' * 1_000}")

    monkeypatch.setattr(page_recognition, "read_uncovered_ink", fail)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tesseract / "eng.tsv").write_text(_TSV)
    image = Image.new("L", (500, 160), 255)
    ImageDraw.Draw(image).text((30, 40), "HELLO", fill=0, font_size=60)
    image.save(tmp_path / "original", "PNG")
    document = ExtractionRequest(path=tmp_path / "original", name="報告.png", folder=tmp_path)
    ours, theirs = map(Channel, sockets)
    request = SpawnRequest(document=document, slots=1, options=_OPTIONS)
    reader = threading.Thread(target=document_process.main, args=(theirs, request))
    reader.start()
    ours.send(to_json(BeginReading(skip=(), preview=False)))
    _until(ours, PageNeedsOcr)
    ours.send(to_json(OcrPage(page=1, hint="eng")))

    extracted = _until(ours, PageExtracted)
    sockets[0].shutdown(socket.SHUT_RDWR)
    reader.join(250)

    assert isinstance(extracted, PageExtracted)
    assert (extracted.page.text, extracted.page.unread) == ("HELLO", ("ocr_failed",))
    assert extracted.page.message.startswith("OCRError: 報告.png, page 1: not read; see 報告.png, xxx")
    assert len(extracted.page.message) <= MAX_MESSAGE_CHARS


@pytest.mark.parametrize(
    ("code", "known"), [(Code.CORRUPT, Code.CORRUPT), (Code.PROCESSING_FAILED, Code.CRASHED)]
)
def test_a_failure_is_said_so_that_the_worker_takes_it(
    sockets: tuple[socket.socket, socket.socket], code: Code, known: Code
) -> None:
    ours, theirs = map(Channel, sockets)
    document_process.fail(theirs, code, "x" * (MAX_MESSAGE_CHARS + 1))
    assert _until(ours, ReadingFailed) == ReadingFailed(code=known, message="x" * MAX_MESSAGE_CHARS)
