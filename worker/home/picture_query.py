"""The vector of a picture to search with, drawn and embedded as the pictures of ingested files are.

The file is untrusted, so a child of the sandbox decodes it; no OCR is done.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from worker.config import sandbox_environment
from worker.errors import Code, MisconfiguredError, RejectedError
from worker.extract.read_options import ReadOptions
from worker.home.file_walk import display
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import PICTURE_NAME, ExtractionRequest, PreviewDone
from worker.sandbox.reading_error import raise_for
from worker.sandbox.runs.extraction_run import ExtractionRun
from worker.sandbox.scheduler import Sandbox

_TICK_S = 0.1
# The limit of Titan for one picture.
_MAX_PICTURE_BYTES = 5 * 1024**2


def picture_vector(
    path: Path, *, embed: Callable[[bytes], tuple[float, ...]], options: ReadOptions, work_dir: Path
) -> tuple[float, ...]:
    """The image vector of a picture, or of the first page of a PDF, as `embed` makes it.

    Raises what `embed` raises, RejectedError when no picture can be drawn of the file, MisconfiguredError
    when the sandbox cannot start.
    """
    return embed(_draw_picture(path, options=replace(options, embed_pdf_pictures=True), work_dir=work_dir))


def embed_locally(picture: bytes, *, model: str) -> tuple[float, ...]:
    """The vector that the embedded stack's Bedrock computes for a picture.

    Raises MisconfiguredError for an unknown model, RejectedError for data that is no picture.
    """
    # Here, because the models need numpy and Pillow, and a query with Bedrock needs neither.
    from worker.embedded.titan_models import (  # noqa: PLC0415
        InvalidRequestError,
        UnknownModelError,
        invoke,
    )

    try:
        answer = invoke(model, json.dumps({"inputImage": base64.b64encode(picture).decode()}).encode())
    except UnknownModelError as error:
        raise MisconfiguredError(f"{model or 'No model'} cannot embed pictures here: {error}") from error
    except InvalidRequestError as error:
        raise RejectedError(str(error)) from error
    vector = answer["embedding"]
    return tuple(map(float, vector)) if isinstance(vector, list) else ()


def _draw_picture(path: Path, *, options: ReadOptions, work_dir: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix="cis-similar-", dir=work_dir) as temporary:
        folder = Path(temporary) / "picture"
        folder.mkdir()
        sandbox = Sandbox(
            options=options, slots=1, work_root=Path(temporary), environment=sandbox_environment()
        )
        request = ExtractionRequest(path=path.absolute(), name=display(path.name), folder=folder)
        with _run(sandbox), sandbox.open(request) as run:
            picture = _read_picture(folder / PICTURE_NAME) if _is_drawn(run) else None
    if picture is None:
        raise RejectedError(
            f"{display(str(path))}: no picture can be made of this file", code=Code.UNSUPPORTED_TYPE
        )
    return picture


def _is_drawn(run: ExtractionRun) -> bool:
    """Let the child draw the preview and nothing else; whether it did."""
    run.detect()
    run.go()
    run.drain()
    while True:
        event = run.next(_TICK_S)
        if isinstance(event, PreviewDone):
            return event.drawn
        if isinstance(event, ReadingEnded):
            raise_for(event)
            return False


@contextmanager
def _run(sandbox: Sandbox) -> Iterator[None]:
    stop = threading.Event()

    def step_until_stop() -> None:
        while not stop.is_set():
            sandbox.step(_TICK_S)

    thread = threading.Thread(target=step_until_stop, name="sandbox")
    try:
        # The fork server before the thread: a fork of a threaded process may deadlock.
        sandbox.start()
        thread.start()
        yield
    finally:
        stop.set()
        if thread.is_alive():
            thread.join()
        sandbox.close()


def _read_picture(path: Path) -> bytes | None:
    # The child may have put a link, a pipe or a huge file there instead of a picture.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MAX_PICTURE_BYTES + 1)
    return data if len(data) <= _MAX_PICTURE_BYTES else None
