"""The vector of a picture that is asked about: drawn and embedded as the pictures of ingested files are.

Its bytes are a stranger's, so a child of the sandbox makes the JPEG; no text is recognised.
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
from worker.embedded.titan_models import InvalidRequestError, UnknownModelError, invoke
from worker.errors import Code, MisconfiguredError, RejectedError
from worker.extract.read_options import ReadOptions
from worker.home.file_walk import display
from worker.sandbox.protocol import PICTURE_NAME, ExtractionRequest, PreviewDone
from worker.sandbox.run_state import ReadingEnded
from worker.sandbox.scheduler import ExtractionRun, Sandbox, raise_for

_TICK_S = 0.1
_MAX_PICTURE_BYTES = 5 * 1024**2


def picture_vector(
    path: Path, *, embed: Callable[[bytes], tuple[float, ...]], options: ReadOptions, work_dir: Path
) -> tuple[float, ...]:
    """The image vector of a picture, or of the first page of a PDF, as `embed` makes it.

    Raises what `embed` raises, RejectedError when no picture can be drawn of the file, MisconfiguredError
    when the sandbox cannot start.
    """
    return embed(_picture_of(path, options=replace(options, embed_pdf_pictures=True), work_dir=work_dir))


def embed_here(picture: bytes, *, model: str) -> tuple[float, ...]:
    """The vector that the embedded stack's Bedrock gives a picture.

    Raises MisconfiguredError for a model that it does not know, RejectedError for what is no picture.
    """
    try:
        answer = invoke(model, json.dumps({"inputImage": base64.b64encode(picture).decode()}).encode())
    except UnknownModelError as error:
        raise MisconfiguredError(f"{model or 'No model'} cannot embed pictures here: {error}") from error
    except InvalidRequestError as error:
        raise RejectedError(str(error)) from error
    vector = answer["embedding"]
    return tuple(map(float, vector)) if isinstance(vector, list) else ()


def _picture_of(path: Path, *, options: ReadOptions, work_dir: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix="cis-similar-", dir=work_dir) as temporary:
        folder = Path(temporary) / "picture"
        folder.mkdir()
        sandbox = Sandbox(
            options=options, slots=1, work_root=Path(temporary), environment=sandbox_environment()
        )
        request = ExtractionRequest(path=path.absolute(), name=display(path.name), folder=folder)
        with _running(sandbox), sandbox.open(request) as run:
            picture = _read(folder / PICTURE_NAME) if _is_drawn(run) else None
    if picture is None:
        raise RejectedError(
            f"{display(str(path))}: no picture can be made of this file", code=Code.UNSUPPORTED_TYPE
        )
    return picture


def _is_drawn(run: ExtractionRun) -> bool:
    """Let the child draw, and nothing else; whether it did."""
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
def _running(sandbox: Sandbox) -> Iterator[None]:
    ended = threading.Event()

    def steps() -> None:
        while not ended.is_set():
            sandbox.step(_TICK_S)

    stepping = threading.Thread(target=steps, name="sandbox")
    try:
        sandbox.start()
        stepping.start()
        yield
    finally:
        ended.set()
        if stepping.is_alive():
            stepping.join()
        sandbox.close()


def _read(path: Path) -> bytes | None:
    """What the child drew; the folder is the child's to write in, so nothing there is trusted."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MAX_PICTURE_BYTES + 1)
    return data if len(data) <= _MAX_PICTURE_BYTES else None
