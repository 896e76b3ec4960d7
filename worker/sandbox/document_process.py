"""One document in a process of its own: opened, read page by page, OCRed as permits come in.

It never decides when to OCR: the worker owns the CPU slots. What it sends and receives is in protocol.py.
What exceeds its limits is detected in run_state.py (`check_deadlines`) and killed by the fork server.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from PIL import Image

from worker.errors import UNREAD, Code, MisconfiguredError, OCRError, RejectedError, WorkerError
from worker.extract.disk_space import full_disk, is_disk_full
from worker.extract.extractors import EXTRACTORS
from worker.extract.image.thumbnail import picture_to_embed, thumbnail
from worker.extract.members.member_walk import MemberWalk, ReadBefore
from worker.extract.members.unpacking import Unpacking
from worker.extract.ocr.cpu_meter import CpuMeter
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.page_source import PageSource
from worker.extract.pdf.layer.merge import join
from worker.extract.read_options import ReadOptions
from worker.extract.type_detection import detect_file_type
from worker.extract.user_message import user_message
from worker.models.file import FileType
from worker.runtime.work_root import picture_folder
from worker.sandbox.channel import Channel, ChannelClosedError, ProtocolError
from worker.sandbox.checks.unread_values import FAULTS, MAX_MESSAGE_CHARS
from worker.sandbox.listing.page_listing import PageListing, empty_page
from worker.sandbox.protocol import (
    PICTURE_NAME,
    THUMBNAIL_NAME,
    BeginReading,
    FromDocumentProcess,
    OcrPage,
    PageExtracted,
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
        self._cpu = CpuMeter()

    def run(self) -> None:
        """Read the document; raises what its reader raises."""
        file_type = detect_file_type(self._path, self._name)
        self._send(TypeDetected(file_type=file_type))
        # The worker may know this content already; then it closes the socket instead.
        begin = self._receive(BeginReading)
        source = _open(file_type, self._path, self._name, self._options)
        walk = self._walk(source, file_type, begin)
        self._send_pages(source, walk, begin)
        has_preview = begin.preview and walk.has_preview
        if not self._listing.needs_ocr:
            # The worker awaits nothing else: this process ends by itself, without a thread.
            if has_preview:
                self._send_preview(walk)
            return
        # One thread a slot, and one for the preview, which must not hold up the OCR.
        with ThreadPoolExecutor(max_workers=self._slots + 1) as pool:
            if has_preview:
                pool.submit(self._send_preview, walk)
            engine = _engine(self._options)
            while True:
                permit = self._receive(OcrPage)
                pool.submit(self._ocr_page, engine, walk, permit)

    def _receive(self, kind: type[M]) -> M:
        message = message_to_document_process(self._channel.receive())
        if not isinstance(message, kind):
            raise ProtocolError(f"{type(message).__name__} where {kind.__name__} was awaited")
        return message

    def _send(self, message: FromDocumentProcess) -> None:
        self._channel.send(to_json(message))

    def _walk(self, source: PageSource, file_type: FileType, begin: BeginReading) -> MemberWalk:
        """The document and the files in it."""
        unpacking = Unpacking(
            limits=self._options.limits,
            folder=self._scratch / "members",
            document_bytes=self._path.stat().st_size,
        )
        unpacking.charge(source.unpacked_bytes)
        return MemberWalk(
            source,
            file_type,
            name=self._name,
            open_file=partial(_detect_and_open, self._options, unpacking),
            unpacking=unpacking,
            before=ReadBefore(pages=frozenset(begin.skip), lost=frozenset(begin.lost)),
        )

    def _send_pages(self, source: PageSource, walk: MemberWalk, begin: BeginReading) -> None:
        skip = frozenset(begin.skip)
        self._listing = PageListing(source, walk, limits=self._options.limits, skip=skip)
        messages = self._listing.messages()
        if source.is_read:
            if begin.preview:  # its pages are its text, and there is nothing to draw
                messages = chain(messages, (PreviewDone(drawn=False),))
            self._channel.send_all(map(to_json, messages))
            return
        # One by one: what the worker has not heard of when the file kills this process is read again.
        for message in messages:
            self._send(message)
        if begin.preview and not walk.has_preview:
            self._send(PreviewDone(drawn=False))  # none is missing

    def _send_preview(self, walk: MemberWalk) -> None:
        code: Code | None = Code.NO_THUMBNAIL
        try:
            preview = walk.preview()
            if preview is not None:
                file_type, picture = preview
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

    def _ocr_page(self, engine: OCREngine, walk: MemberWalk, permit: OcrPage) -> None:
        number, hint = permit.page, permit.hint
        picture, message = None, ""
        folder = self._picture_folder()
        layer = self._listing.layers.get(number)
        self._cpu.begin()
        if layer is not None and layer.layer_reason is None:
            hint = layer.language or hint
        try:
            picture = walk.render(number, folder)
            page = engine.read_page(picture, number=number, hint=hint)
            if walk.is_cut(number):
                page = replace(page, reason=Code.CORRUPT.value)
            message = _user_message(page.message, self._request)
        except Exception as error:  # noqa: BLE001  (thread top: the page is lost, the document goes on)
            code = self._failure_code(error)
            message = _user_message(error, self._request)
            if code in _FAULTS_OF_THE_MACHINE:
                fail(self._channel, code, self._disk_advice() if code is Code.UNAVAILABLE else message)
                return
            page = empty_page(number, code)
        finally:
            cpu_s = self._cpu.end()
            if picture is not None and picture.parent == folder:  # and not the file itself
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


def _detect_and_open(
    options: ReadOptions, unpacking: Unpacking, path: Path, name: str, known: FileType | None
) -> tuple[FileType, PageSource]:
    """Open a file within the document, which takes of what may be unpacked of that."""
    file_type = known or detect_file_type(path, name)
    limits = replace(options.limits, max_unpacked_bytes=unpacking.work_left)
    source = _open(file_type, path, name, replace(options, limits=limits))
    unpacking.charge(source.unpacked_bytes)
    return file_type, source


def _open(file_type: FileType, path: Path, name: str, options: ReadOptions) -> PageSource:
    extractor = EXTRACTORS.get(file_type)
    if extractor is None:
        raise RejectedError(f"{name}: files of this type are not read", code=Code.UNSUPPORTED_TYPE)
    return extractor(path, options)


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
