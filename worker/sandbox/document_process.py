"""One document in a process of its own: opened, read page by page, OCRed as permits come in.

It never decides when to OCR: the worker owns the CPU slots. What it sends and receives is in protocol.py.
What exceeds its limits is detected in run_state.py (`check_deadlines`) and killed by the fork server.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from PIL import Image

from worker.errors import UNREAD, Code, MisconfiguredError, OCRError, RejectedError, WorkerError
from worker.extract.disk_space import full_disk, is_disk_full
from worker.extract.extractors import EXTRACTORS
from worker.extract.image.thumbnail import picture_to_embed, thumbnail
from worker.extract.ocr.cpu_meter import CpuMeter
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.page_source import LayeredPage, PageSource, no_preview
from worker.extract.pdf.layer.merge import join
from worker.extract.read_options import ReadOptions
from worker.extract.type_detection import detect_file_type
from worker.extract.user_message import user_message
from worker.models.file import FileType
from worker.models.metadata import NO_PROPERTIES
from worker.models.page import Page, TextSource
from worker.runtime.work_root import picture_folder
from worker.sandbox.channel import Channel, ChannelClosedError, ProtocolError
from worker.sandbox.checks.unread_values import FAULTS, MAX_MESSAGE_CHARS, distinct
from worker.sandbox.confinement import allow_cpu
from worker.sandbox.protocol import (
    PICTURE_NAME,
    THUMBNAIL_NAME,
    AllPagesListed,
    BeginReading,
    DocumentDetails,
    DocumentOpened,
    FromDocumentProcess,
    OcrPage,
    PageExtracted,
    PageNeedsOcr,
    PreviewDone,
    ReadingFailed,
    SpawnRequest,
    TypeDetected,
    message_to_document_process,
    to_json,
)

_SCRATCH_NAME = "scratch"
_FAULTS_OF_THE_MACHINE = (Code.UNAVAILABLE, Code.MISCONFIGURED, Code.PROGRAM_MISSING)

M = TypeVar("M", BeginReading, OcrPage)


def main(channel: Channel, request: SpawnRequest) -> int:
    """Read the document named in the request; the exit status of this process."""
    try:
        scratch = _make_empty_scratch(request.document.folder)
        DocumentProcess(channel, request, scratch).run()
    except ChannelClosedError:
        return 0
    except MemoryError:
        return fail(channel, Code.MEMORY, "reading it needs more memory than one document may take")
    except WorkerError as error:
        is_full = isinstance(error, RejectedError) and is_disk_full(error)
        return fail(channel, Code.UNAVAILABLE if is_full else error.code, _user_message(error, request))
    except OSError as error:
        code = Code.UNAVAILABLE if is_disk_full(error) else Code.CRASHED
        return fail(channel, code, f"the reader failed: {error.strerror}")
    except Exception as error:  # noqa: BLE001  (attempt boundary: a parser may raise anything)
        return fail(channel, Code.CRASHED, f"the reader failed with {type(error).__name__}")
    return 0


def _make_empty_scratch(folder: Path) -> Path:
    """Make the folder for all temporary files of this process, its libraries and its programs."""
    scratch = folder / _SCRATCH_NAME
    try:
        scratch.mkdir()
    except FileExistsError:
        # A process that died on this document may have left files, up to its whole allowance.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(exist_ok=True)
    os.chdir(scratch)
    tempfile.tempdir = str(scratch)
    return scratch


def fail(channel: Channel, code: Code, message: str) -> int:
    """Report why the document is not read; the exit status."""
    known = code if code in UNREAD or code in FAULTS else Code.CRASHED
    with suppress(ChannelClosedError):
        channel.send(to_json(ReadingFailed(code=known, message=message[:MAX_MESSAGE_CHARS])))
    return 0


class DocumentProcess:
    """Reads one document from its first byte to its last page."""

    def __init__(self, channel: Channel, request: SpawnRequest, scratch: Path) -> None:
        self._channel = channel
        self._request = request
        self._path = request.document.path
        self._name = request.document.name
        self._folder = request.document.folder
        self._scratch = scratch
        self._slots = request.slots
        self._options = request.options
        self._layers: dict[int, Page] = {}
        self._cpu = CpuMeter()
        self._needs_ocr = False

    def run(self) -> None:
        """Read the document; raises what its reader raises."""
        file_type = detect_file_type(self._path, self._name)
        self._send(TypeDetected(file_type=file_type))
        # The worker may know this content already; then it closes the socket instead.
        begin = self._receive(BeginReading)
        extractor = EXTRACTORS.get(file_type)
        if extractor is None:
            raise RejectedError(f"{self._name}: files of this type are not read", code=Code.UNSUPPORTED_TYPE)
        source = extractor(self._path, self._options)
        self._send_pages(source, begin)
        has_preview = begin.preview and source.preview is not no_preview
        if not self._needs_ocr:
            # The worker awaits nothing else: this process ends by itself, without a thread.
            if has_preview:
                self._send_preview(source, file_type)
            return
        # One thread a slot, and one for the preview, which must not hold up the OCR.
        with ThreadPoolExecutor(max_workers=self._slots + 1) as pool:
            if has_preview:
                pool.submit(self._send_preview, source, file_type)
            engine = _engine(self._options)
            while True:
                permit = self._receive(OcrPage)
                pool.submit(self._ocr_page, engine, source, permit)

    def _receive(self, kind: type[M]) -> M:
        message = message_to_document_process(self._channel.receive())
        if not isinstance(message, kind):
            raise ProtocolError(f"{type(message).__name__} where {kind.__name__} was awaited")
        return message

    def _send(self, message: FromDocumentProcess) -> None:
        self._channel.send(to_json(message))

    def _send_pages(self, source: PageSource, begin: BeginReading) -> None:
        messages = self._list_pages(source, skip=frozenset(begin.skip))
        if begin.preview and source.preview is no_preview:
            messages = chain(messages, (PreviewDone(drawn=False),))  # none is missing
        if source.is_read:
            self._channel.send_all(map(to_json, messages))
            return
        # One by one: what the worker has not heard of when the file kills this process is read again.
        for message in messages:
            self._send(message)

    def _list_pages(self, source: PageSource, *, skip: frozenset[int]) -> Iterator[FromDocumentProcess]:
        yield DocumentOpened(pages=source.page_count)
        if source.unread or source.properties != NO_PROPERTIES:
            yield DocumentDetails(codes=tuple(dict.fromkeys(source.unread)), properties=source.properties)
        allow_cpu(self._options.limits, pages=source.page_count)
        left_chars = self._options.limits.max_text_chars
        for item in source.pages:
            page = item.page if isinstance(item, LayeredPage) else item
            number = page if isinstance(page, int) else page.number
            if number in skip:
                continue
            if isinstance(page, Page):
                left_chars -= len(page.text)
                if left_chars < 0:
                    raise RejectedError(f"{self._name}: more text than one document may hold", code=Code.BOMB)
            if isinstance(item, Page):
                yield PageExtracted(page=distinct(item))
            else:
                self._needs_ocr = True
                yield PageNeedsOcr(page=number, fallback=self._fallback(page))
        yield AllPagesListed()

    def _fallback(self, page: Page | int) -> Page | None:
        """What the page becomes if its OCR kills this process: None where there is no text layer."""
        if isinstance(page, int):
            return None
        self._layers[page.number] = page
        return distinct(join(page, _lost_page(page.number, Code.CRASHED)))

    def _send_preview(self, source: PageSource, file_type: FileType) -> None:
        code: Code | None = Code.NO_THUMBNAIL
        try:
            picture = source.preview()
            if picture is not None:
                self._write_preview(picture, file_type)
                code = None
        except (MemoryError, Exception) as error:  # noqa: BLE001  (a document without a preview is one, too)
            met_limit = isinstance(error, MemoryError) or getattr(error, "code", None) is Code.TIMEOUT
            code = Code.THUMBNAIL_TIMEOUT if met_limit else Code.NO_THUMBNAIL
        self._send(PreviewDone(drawn=code is None, code=code))

    def _write_preview(self, picture: Image.Image, file_type: FileType) -> None:
        (self._folder / THUMBNAIL_NAME).write_bytes(thumbnail(picture))
        if file_type.is_image or (file_type is FileType.PDF and self._options.embed_pdf_pictures):
            (self._folder / PICTURE_NAME).write_bytes(picture_to_embed(picture))

    def _ocr_page(self, engine: OCREngine, source: PageSource, permit: OcrPage) -> None:
        number, hint = permit.page, permit.hint
        picture, message = None, ""
        layer = self._layers.get(number)
        begun = self._cpu.begin()
        if layer is not None and layer.layer_reason is None:
            hint = layer.language or hint
        try:
            picture = source.render(number, self._picture_folder())
            page = engine.read_page(picture, number=number, hint=hint)
            if source.is_cut(number):
                page = replace(page, reason=Code.CORRUPT.value)
            message = _user_message(page.message, self._request)
        except Exception as error:  # noqa: BLE001  (thread top: the page is lost, the document goes on)
            code = self._failure_code(error)
            message = _user_message(error, self._request)
            if code in _FAULTS_OF_THE_MACHINE:
                fail(self._channel, code, self._disk_advice() if code is Code.UNAVAILABLE else message)
                return
            page = _lost_page(number, code)
        finally:
            cpu_s = self._cpu.end(begun)
            if picture is not None and picture != self._path:
                picture.unlink(missing_ok=True)
        stored = page if layer is None else join(layer, page)
        unread = tuple(dict.fromkeys((*stored.unread, *page.unread)))
        page = replace(stored, ocr_cpu_s=cpu_s, unread=unread, message=message)
        with suppress(ChannelClosedError):
            self._send(PageExtracted(page=page))

    def _failure_code(self, error: Exception) -> Code:
        """Why a page could not be OCRed, or which fault of the machine ends the whole document."""
        if is_disk_full(error) or full_disk(self._folder):
            # Not the fault of the page; the document is read again when there is room.
            return Code.UNAVAILABLE
        if isinstance(error, MemoryError):
            return Code.MEMORY
        # They were there when the worker started; a page that was at a program as it went fails otherwise.
        if shutil.which("tesseract") is None or shutil.which("pdftoppm") is None:
            return Code.PROGRAM_MISSING
        if isinstance(error, MisconfiguredError):
            return Code.OCR_FAILED  # this page breaks them
        return error.code if isinstance(error, OCRError) else Code.OCR_FAILED

    def _disk_advice(self) -> str:
        return f"the disk of {self._folder.parent} is full; make room there"

    def _picture_folder(self) -> Path:
        """Where pages are drawn: in memory while there is room, else on the disk."""
        place = picture_folder(self._folder, slots=self._slots)
        return self._scratch if place == self._folder else place


def _engine(options: ReadOptions) -> OCREngine:
    second_pass = LineRerecognition(
        confidence=options.second_pass_confidence,
        max_lines=options.second_pass_max_lines,
        max_pixels=options.second_pass_max_pixels,
    )
    return OCREngine(
        languages=options.languages,
        page_timeout_s=options.limits.page_timeout_s,
        dpi=options.dpi,
        ocr_engine=options.ocr_engine,
        second_pass=second_pass if options.second_pass == "on" else None,
    )


def _user_message(what: Exception | str, request: SpawnRequest) -> str:
    """What happened, for users: without the names of temporary files."""
    if not isinstance(what, WorkerError | str):
        return f"the reader failed with {type(what).__name__}"
    folder = request.document.folder
    folders = (folder, picture_folder(folder, slots=request.slots))
    return user_message(str(what), name=request.document.name, folders=folders)[:MAX_MESSAGE_CHARS]


def _lost_page(number: int, code: Code) -> Page:
    """An empty page with the reason; no placeholder text, which would be found by searches."""
    source = TextSource.TIMED_OUT if code is Code.TIMEOUT else TextSource.FAILED
    return Page(number=number, text="", source=source, reason=code.value)
