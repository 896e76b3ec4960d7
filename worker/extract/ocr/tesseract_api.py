"""Interface to the Tesseract library in this process, through tesserocr (the extra `fast`).

No program start and no files between: 0.95 CPU seconds a page of the generated scan, the program 1.25, with
the same text. The wheel has Tesseract 5.5 without models; those of the installed program are used.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.ocr.tesseract_cli import NO_INVERSION, models_folder

_NICE = 10
_HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
_OSD_MODEL = "osd"
_OSD_PSM = 0
_INVERT_THRESHOLD = "0.7"
"""Tesseract's default; an object is used for probes, and for pages after them."""
_VARIABLES = {
    "debug_file": os.devnull,
    # What a page says must not depend on the pages that its object read before: words learnt from a page, and
    # shapes of its characters. Only models that have the older engine learn.
    "tessedit_enable_doc_dict": "0",
    "classify_enable_learning": "0",
}

_idle: dict[str, list[Any]] = defaultdict(list)
"""API objects by model that no thread uses now (`list.pop` and `append` are atomic). An object holds one
model and serves one thread at a time; it is kept for the next page, since making one costs a tenth of a page.
The fork server makes none: which model a document needs is not known there."""


def recognise(image_path: Path, *, language: str, psm: int, dpi: int, is_probe: bool = False) -> str:
    """Read an image once and return TSV; takes and raises what `tesseract_cli.recognise` does."""
    with _api(language) as api:
        api.SetPageSegMode(psm)
        _set_image(api, image_path, dpi)
        api.SetVariable(NO_INVERSION[0], NO_INVERSION[1] if is_probe else _INVERT_THRESHOLD)
        # Without a deadline: how far a page is read must not depend on the machine's load. A page that hangs
        # is ended from outside, by `run_state`.
        if not api.Recognize(0):
            raise OCRError(f"{image_path.name}: Tesseract could not read it")
        return _HEADER + str(api.GetTSVText(0))


def detect_script(image_path: Path, *, dpi: int) -> tuple[str, float]:
    """The script that an image is written in, and its confidence, as `tesseract_cli.detect_script`."""
    with _api(_OSD_MODEL) as api:
        api.SetPageSegMode(_OSD_PSM)
        _set_image(api, image_path, dpi)
        osd = api.DetectOrientationScript()
    if not osd:
        return "", 0.0
    return str(osd["script_name"]), float(osd["script_conf"])


@cache
def library_version() -> str:
    """The versions of tesserocr and of the Tesseract in it, "" where it cannot be used."""
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
    """An API object for a model, for this thread alone; it is not used again after a failure."""
    # Linux takes that for the calling thread; a reader of a worker that is nicer may not raise it again.
    if os.getpriority(os.PRIO_PROCESS, 0) < _NICE:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
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
        return tesserocr.PyTessBaseAPI(path=f"{folder}/", lang=model, variables=_VARIABLES)
    except RuntimeError as error:
        raise OCRError(f"Tesseract's model {model!r} cannot be loaded from {folder}") from error


def _set_image(api: Any, image_path: Path, dpi: int) -> None:
    try:
        api.SetImageFile(str(image_path))
    except FileNotFoundError as error:
        raise OCRError(f"File not found: {image_path}", retry_allowed=False) from error
    except (OSError, RuntimeError) as error:
        raise OCRError(f"{image_path.name}: not an image Tesseract can read") from error
    api.SetSourceResolution(dpi)
