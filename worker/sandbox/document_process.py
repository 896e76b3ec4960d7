"""One document in one process: opened, read page by page, recognised as page permits come in.

What it sends: `type`, then (after `go`) `opened`, a `page` or `wants` for each page, `listed`, `preview`,
a `page` for each permit; or `failed` with a code. What it hears: `go` (with the pages to leave out),
`ocr` (a permit: page number and language hint), and the end of the socket. It never decides when to
recognise: the worker owns the CPU slots.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from worker.errors import Code, MisconfiguredError, OCRError, RejectedError, WorkerError
from worker.extract.disk_space import full_disk, is_disk_full
from worker.extract.extractors import EXTRACTORS
from worker.extract.image.thumbnail import picture_to_embed, thumbnail
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.page_source import LayeredPage, PageSource
from worker.extract.pdf.layer_merge import join
from worker.extract.read_options import ReadOptions
from worker.extract.type_detection import detect_file_type
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.runtime.work_root import picture_folder
from worker.sandbox.channel import Channel, ChannelClosedError
from worker.sandbox.run_state import PICTURE_NAME, THUMBNAIL_NAME

_SCRATCH_NAME = "scratch"
_OF_THE_MACHINE = (Code.UNAVAILABLE, Code.MISCONFIGURED, Code.PROGRAM_MISSING)


def main(channel: Channel, request: dict[str, Any]) -> int:
    """Read the document named in the request; the exit status of this process."""
    folder = Path(request["folder"])
    try:
        DocumentProcess(channel, request, folder, _empty_scratch(folder)).run()
    except ChannelClosedError:
        return 0
    except RejectedError as error:
        return _fail(channel, Code.UNAVAILABLE if is_disk_full(error) else error.code, str(error))
    except MemoryError:
        return _fail(channel, Code.MEMORY, "reading it needs more memory than one document may take")
    except WorkerError as error:
        return _fail(channel, error.code, str(error))
    except OSError as error:
        code = Code.UNAVAILABLE if is_disk_full(error) else Code.CRASHED
        return _fail(channel, code, f"the reader failed: {error.strerror}")
    except Exception as error:  # noqa: BLE001  (attempt boundary: a parser may raise anything)
        return _fail(channel, Code.CRASHED, f"the reader failed with {type(error).__name__}")
    return 0


def _empty_scratch(folder: Path) -> Path:
    """Where this process, the libraries and the programs make their files; what a dead one left is gone."""
    scratch = folder / _SCRATCH_NAME
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(exist_ok=True)
    os.chdir(scratch)
    tempfile.tempdir = str(scratch)
    return scratch


def _fail(channel: Channel, code: Code, message: str) -> int:
    with suppress(ChannelClosedError):
        channel.send({"kind": "failed", "code": code.value, "message": message})
    return 0


class DocumentProcess:
    """The document's straight line inside its process."""

    def __init__(self, channel: Channel, request: dict[str, Any], folder: Path, scratch: Path) -> None:
        self._channel = channel
        self._path = Path(request["path"])
        self._name = str(request["name"])
        self._folder = folder
        self._scratch = scratch
        self._slots = int(request["slots"])
        self._options = ReadOptions.from_dict(request)
        self._layers: dict[int, Page] = {}
        self._engine = OCREngine(
            languages=self._options.languages,
            page_timeout_s=self._options.limits.page_timeout_s,
            dpi=self._options.dpi,
            ocr_engine=self._options.ocr_engine,
            second_pass=_second_pass(self._options),
        )

    def run(self) -> None:
        """Read the document; raises what the reading raises."""
        file_type = detect_file_type(self._path, self._name)
        self._channel.send({"kind": "type", "type": file_type.value})
        go = self._channel.receive()
        extractor = EXTRACTORS.get(file_type)
        if extractor is None:
            raise RejectedError(f"{self._name}: files of this type are not read", code=Code.UNSUPPORTED_TYPE)
        source = extractor(self._path, self._options)
        self._channel.send({"kind": "opened", "pages": source.page_count})
        self._list_pages(source, skip=frozenset(go["skip"]))
        # One thread a slot and one for the pictures, which must not hold up the recognition.
        with ThreadPoolExecutor(max_workers=self._slots + 1) as pool:
            if go["preview"]:
                pool.submit(self._send_preview, source, file_type)
            while True:
                message = self._channel.receive()
                pool.submit(self._recognise, source.render, int(message["page"]), message["hint"])

    def _list_pages(self, source: PageSource, *, skip: frozenset[int]) -> None:
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
                self._send_page(item)
                continue
            if isinstance(page, Page):
                self._layers[number] = page
            self._channel.send({"kind": "wants", "page": number, "layer": _plain(page)})
        self._channel.send({"kind": "listed"})

    def _send_page(self, page: Page) -> None:
        self._channel.send({"kind": "page", "page": page.as_dict()})

    def _send_preview(self, source: PageSource, file_type: FileType) -> None:
        try:
            picture = source.preview()
            if picture is not None:
                self._write_preview(picture, file_type)
        except (MemoryError, Exception):  # noqa: BLE001  (a picture is never a reason to fail a document)
            picture = None
        self._channel.send({"kind": "preview", "drawn": picture is not None})

    def _write_preview(self, picture: Image.Image, file_type: FileType) -> None:
        (self._folder / THUMBNAIL_NAME).write_bytes(thumbnail(picture))
        if file_type.is_image or (file_type is FileType.PDF and self._options.embed_pdf_pictures):
            (self._folder / PICTURE_NAME).write_bytes(picture_to_embed(picture))

    def _recognise(self, render: Callable[[int, Path], Path], number: int, hint: str | None) -> None:
        picture: Path | None = None
        layer = self._layers.get(number)
        if layer is not None and layer.layer_reason is None:
            hint = layer.language or hint
        try:
            picture = render(number, self._picture_folder())
            page = self._engine.read_page(picture, number=number, hint=hint)
        except Exception as error:  # noqa: BLE001  (thread top: the page is lost, the document goes on)
            lost = self._why_lost(error)
            if lost in _OF_THE_MACHINE:
                _fail(self._channel, lost, self._advice() if lost is Code.UNAVAILABLE else str(error))
                return
            page = _lost_page(number, lost)
        finally:
            if picture is not None and picture != self._path:
                picture.unlink(missing_ok=True)
        with suppress(ChannelClosedError):
            self._send_page(page if layer is None else join(layer, page))

    def _why_lost(self, error: Exception) -> Code:
        """Why a page could not be recognised, or what of the machine ends the reading of the document."""
        if is_disk_full(error) or full_disk(self._folder):
            # The page is not to blame; the document is read again when there is room.
            return Code.UNAVAILABLE
        if isinstance(error, MemoryError):
            return Code.MEMORY
        if isinstance(error, MisconfiguredError):
            # The program is there, and was when the worker began: then this page keeps it from starting.
            missing = shutil.which("tesseract") is None or shutil.which("pdftoppm") is None
            return error.code if missing else Code.OCR_FAILED
        return error.code if isinstance(error, OCRError) else Code.OCR_FAILED

    def _advice(self) -> str:
        return f"the disk of {self._folder.parent} is full; make room there"

    def _picture_folder(self) -> Path:
        """In memory while there is room, else where this process makes its other files."""
        place = picture_folder(self._folder, slots=self._slots)
        return self._scratch if place == self._folder else place


def _plain(page: Page | int) -> dict[str, object] | None:
    return page.as_dict() if isinstance(page, Page) else None


def _second_pass(options: ReadOptions) -> LineRerecognition | None:
    if options.second_pass != "on":
        return None
    return LineRerecognition(confidence=options.second_pass_confidence, budget_s=options.second_pass_budget_s)


def _lost_page(number: int, code: Code) -> Page:
    """An empty page that says why; text that is not there is never invented."""
    source = TextSource.TIMED_OUT if code is Code.TIMEOUT else TextSource.FAILED
    return Page(number=number, text="", source=source, reason=code.value)
