"""Tesseract as a program, through pytesseract: the OCR engine that is always there.

It takes the path of a picture (a path writes no PNG between us and the program) and requeues raw TSV:
text, boxes and confidence in one pass. What is known about pytesseract and the program is kept here, and
their errors are translated here.

Each Tesseract runs at nice 10 and with one OpenMP thread (the slots keep the cores busy; two threads
a page cost five times the CPU). pytesseract starts its programs with the mapping it knows as
`environ` and takes no other, so this module adds OMP_THREAD_LIMIT there, for everybody who recognises in
this process; the process's own environment stays as it is. The sandbox sets the same variable too.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytesseract

from worker.errors import Code, MisconfiguredError, OCRError

_NICE = 10
_PROGRAM_NOT_RUN = (126, 127)
"""Exit statuses of nice(1) when the program it was to start is missing or may not be run."""
_LANGUAGE_MISSING = "Failed loading language"
_STDERR_CHARS = 200
_LIST_TIMEOUT_S = 10.0
_FOLDER_NAMED = re.compile(r'^List of available languages in "(.+)"')

pytesseract.pytesseract.environ = ChainMap({"OMP_THREAD_LIMIT": "1"}, pytesseract.pytesseract.environ)


def recognise(image_path: Path, *, language: str, psm: int, dpi: int, timeout_s: float) -> str:
    """Read a picture once and return Tesseract's TSV (12 columns, a header, one row a box).

    `language` is a model name such as jpn or jpn_vert; `psm` is Tesseract's page segmentation mode. `dpi`
    must be told: left to guess, Tesseract takes strokes of kanji for ruled lines and loses the words
    (similarity 0.980 instead of 0.986 on a clean page).

    Raises OCRError with code `timeout` when it takes longer than `timeout_s`, with `ocr_failed` when
    Tesseract ends badly, and MisconfiguredError when the program or the model is not installed.
    """
    if timeout_s <= 0:
        raise _timed_out(image_path.name)  # pytesseract takes 0 for "no limit"
    with _translated(image_path.name):
        return str(
            pytesseract.image_to_data(
                str(image_path),
                lang=language,
                config=f"--psm {psm} --dpi {dpi}",
                nice=_NICE,
                timeout=timeout_s,
            )
        )


def rotation_degrees(image_path: Path, *, dpi: int, timeout_s: float) -> int:
    """Degrees (0, 90, 180, 270) a picture must be turned clockwise to stand upright.

    Costs half a pass (model osd). 0 also where there are too few characters to tell, which Tesseract
    reports as a failure. Raises OCRError with code `timeout`, and MisconfiguredError as `recognise` does.
    """
    if timeout_s <= 0:
        raise _timed_out(image_path.name)
    try:
        with _translated(image_path.name):
            found = pytesseract.image_to_osd(
                str(image_path),
                config=f"--dpi {dpi}",
                nice=_NICE,
                timeout=timeout_s,
                output_type=pytesseract.Output.DICT,
            )
    except OCRError as error:
        if error.code is Code.TIMEOUT:
            raise
        return 0
    return int(found.get("rotate", 0))


def tesseract_version() -> str:
    """The version of the installed program, for example 5.3.0.

    pytesseract remembers it, so a process forked after this call does not start the program for it
    again. Raises MisconfiguredError when Tesseract is missing or older than pytesseract supports.
    """
    with _translated("--version"):
        return str(pytesseract.get_tesseract_version())


def installed_languages() -> frozenset[str]:
    """The names of the installed models. Raises MisconfiguredError when Tesseract is missing."""
    with _translated("--list-langs"):
        return frozenset(pytesseract.get_languages())


@cache
def models_folder() -> Path | None:
    """Where the program has its models, as the first line of `--list-langs` says; None where it does not."""
    with suppress(OSError, subprocess.SubprocessError):
        command = ["tesseract", "--list-langs"]
        done = subprocess.run(command, capture_output=True, timeout=_LIST_TIMEOUT_S, check=True)
        said = _FOLDER_NAMED.match(os.fsdecode(done.stdout or done.stderr))
        if said is not None and Path(said[1]).is_dir():
            return Path(said[1])
    return None


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn what pytesseract raises into our errors; `name` says what was being read."""
    try:
        yield
    except pytesseract.TesseractNotFoundError as error:
        raise _program_missing() from error
    except pytesseract.TesseractError as error:
        raise _failure(name, int(error.status), str(error.message)) from error
    except RuntimeError as error:  # how pytesseract says that its time-out passed
        raise _timed_out(name) from error
    except UnicodeDecodeError as error:
        raise OCRError(f"{name}: Tesseract's output is not UTF-8") from error
    except OSError as error:
        raise OCRError(f"{name}: Tesseract could not be run: {error.strerror}") from error
    except SystemExit as error:  # pytesseract ends the process where it does not know the version
        raise MisconfiguredError(
            "This version of Tesseract is not supported; install tesseract-ocr 5.", code=Code.PROGRAM_MISSING
        ) from error


def _failure(name: str, status: int, stderr: str) -> OCRError | MisconfiguredError:
    if status in _PROGRAM_NOT_RUN:
        return _program_missing()
    if _LANGUAGE_MISSING in stderr:
        model = stderr.partition(_LANGUAGE_MISSING)[2].split("'")[1:2]
        return MisconfiguredError(
            f"Tesseract has no model {' '.join(model)!r}; install its package, such as tesseract-ocr-jpn.",
            code=Code.PROGRAM_MISSING,
        )
    ending = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    # pytesseract has joined the lines by now; the cause is at the end
    return OCRError(f"{name}: Tesseract {ending}: {stderr[-_STDERR_CHARS:]}")


def _program_missing() -> MisconfiguredError:
    return MisconfiguredError(
        "The program tesseract is not on the PATH; install tesseract-ocr with the models "
        "tesseract-ocr-jpn, tesseract-ocr-jpn-vert, tesseract-ocr-eng and tesseract-ocr-osd.",
        code=Code.PROGRAM_MISSING,
    )


def _timed_out(name: str) -> OCRError:
    return OCRError(f"{name}: not read within the time one page may take", code=Code.TIMEOUT)
