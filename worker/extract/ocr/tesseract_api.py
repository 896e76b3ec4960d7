"""Tesseract inside this process, through tesserocr (the extra `fast`): no program start, no files between.

The wheel brings a newer Tesseract (5.5) without models; the installed program's are used. Measured on pages
of the generated scan, one thread: 0.95 CPU seconds a page, the program 1.25, the same characters read.

An API object holds one model and serves one thread at a time. It is kept for the next page: making one
costs 0.07 s, a tenth of a page, so that even two pages of one document pay for it. The fork server loads the
library (0.06 s) and makes no object: which model a document needs is not known there.

A thread in C cannot be killed. Tesseract looks at its deadline between words; where it gets stuck elsewhere,
the sandbox kills the whole child at the page's time-out. A crash of the library takes the child with it,
and the page is tried once more in a fresh one.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.ocr.tesseract_cli import models_folder

_NICE = 10
_HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
_OSD_MODEL = "osd"
_OSD_PSM = 0
_WORTH_TURNING = 1.0
"""Orientation confidence under which the picture stays as it is; a page of text scored 25."""
_QUIET = {"debug_file": os.devnull}

_idle: dict[str, list[Any]] = defaultdict(list)
"""By model, the API objects no thread uses right now (`list.pop` and `append` are atomic)."""


def recognise(image_path: Path, *, language: str, psm: int, dpi: int, timeout_s: float) -> str:
    """Read a picture once and return TSV, as the program's `recognise` does, and raising what that raises."""
    deadline = time.monotonic() + timeout_s
    if timeout_s <= 0:
        raise _timed_out(image_path.name)
    with _api(language) as api:
        api.SetPageSegMode(psm)
        _show(api, image_path, dpi)
        left_ms = max(1, math.ceil((deadline - time.monotonic()) * 1000))
        if not api.Recognize(left_ms):
            if time.monotonic() >= deadline:
                raise _timed_out(image_path.name)
            raise OCRError(f"{image_path.name}: Tesseract could not read it")
        return _HEADER + str(api.GetTSVText(0))


def rotation_degrees(image_path: Path, *, dpi: int, timeout_s: float) -> int:
    """Degrees a picture must be turned clockwise to stand upright, as the program's `rotation_degrees`."""
    if timeout_s <= 0:
        raise _timed_out(image_path.name)
    with _api(_OSD_MODEL) as api:
        api.SetPageSegMode(_OSD_PSM)
        _show(api, image_path, dpi)
        found = api.DetectOrientationScript()
    if not found or found["orient_conf"] < _WORTH_TURNING:
        return 0
    return (360 - int(found["orient_deg"])) % 360


@cache
def library_version() -> str:
    """The version of the library and of the Tesseract in it, "" where it cannot be used here."""
    try:
        import tesserocr  # noqa: PLC0415  (an extra; a damaged wheel fails with other errors, too)
    except Exception:  # noqa: BLE001
        return ""
    if models_folder() is None:
        return ""
    tesseract = str(tesserocr.tesseract_version()).split("\n", 1)[0].removeprefix("tesseract ").strip()
    return f"{tesserocr.__version__} (Tesseract {tesseract})"


@contextmanager
def _api(model: str) -> Iterator[Any]:
    """An API object for a model, for this thread alone; it is thrown away after a failure."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    try:
        api = _idle[model].pop()
    except IndexError:
        api = _new_api(model)
    try:
        yield api
        api.Clear()
    except BaseException:
        api.End()
        raise
    _idle[model].append(api)


def _new_api(model: str) -> Any:
    import tesserocr  # noqa: PLC0415

    folder = models_folder()
    if folder is None or not (folder / f"{model}.traineddata").is_file():
        raise MisconfiguredError(
            f"Tesseract has no model {model!r}; install its package, such as tesseract-ocr-jpn.",
            code=Code.PROGRAM_MISSING,
        )
    try:
        tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
        return tesserocr.PyTessBaseAPI(path=f"{folder}/", lang=model, variables=_QUIET)
    except RuntimeError as error:
        raise OCRError(f"Tesseract's model {model!r} cannot be loaded from {folder}") from error


def _show(api: Any, image_path: Path, dpi: int) -> None:
    try:
        api.SetImageFile(str(image_path))
    except FileNotFoundError as error:
        raise OCRError(f"File not found: {image_path}", retry_allowed=False) from error
    except (OSError, RuntimeError) as error:
        raise OCRError(f"{image_path.name}: not a picture Tesseract can read") from error
    api.SetSourceResolution(dpi)


def _timed_out(name: str) -> OCRError:
    return OCRError(f"{name}: not read within the time one page may take", code=Code.TIMEOUT)
