"""Interface to the Tesseract executable, through pytesseract; their errors become ours here."""

from __future__ import annotations

import os
import re
import subprocess
from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytesseract

from worker.errors import Code, MisconfiguredError, OCRError

NET_S = 120.0
"""Seconds of work, or of hanging, after which a program is ended: the largest page takes 40 in one pass.

What CIS_PAGE_TIMEOUT_S is by default; the worker passes what it is."""
_NICE = 10
_NICE_CANNOT_RUN = (126, 127)
"""Exit statuses of nice(1) when the program it should start is missing or may not be run."""
NO_INVERSION = ("invert_threshold", "0")
"""A wrong way to read is unsure of every line, and would read it inverted, too: half of its cost."""
_PROBE_OPTION = " -c " + "=".join(NO_INVERSION)
_LANGUAGE_MISSING = "Failed loading language"
_STDERR_CHARS = 200
_LIST_TIMEOUT_S = 120.0
_MODELS_FOLDER = re.compile(r'^List of available languages in "(.+)"')

# One OpenMP thread: the CPU slots keep the cores busy, and two threads a page cost five times the CPU.
# pytesseract starts programs with the mapping it imported as `environ` and takes no other, so the variable is
# added there, for every user of pytesseract in this process; os.environ is not changed.
pytesseract.pytesseract.environ = ChainMap({"OMP_THREAD_LIMIT": "1"}, pytesseract.pytesseract.environ)


def recognise(
    image_path: Path,
    *,
    language: str,
    psm: int,
    dpi: int,
    is_probe: bool = False,
    net_s: float = NET_S,
) -> str:
    """Read an image once and return Tesseract's TSV (12 columns, a header, one row a box).

    `language` is a model name such as jpn or jpn_vert; `psm` is Tesseract's page segmentation mode. For a
    probe, which finds out whether a picture can be read in one way, lines are not read inverted, too.

    `net_s` is only there to end a program that hangs. Raises OCRError with code `timeout` when that happens,
    with `ocr_failed` when Tesseract fails, and MisconfiguredError when the program or the model is not
    installed.
    """
    # A path: of an image pytesseract would write a PNG first. The dpi must be given: left to guess, Tesseract
    # takes strokes of kanji for ruled lines and loses the words (similarity 0.980 instead of 0.986).
    with _translate_errors(image_path.name):
        return str(
            pytesseract.image_to_data(
                str(image_path),
                lang=language,
                config=f"--psm {psm} --dpi {dpi}{_PROBE_OPTION if is_probe else ''}",
                nice=_NICE,
                timeout=net_s,
            )
        )


def detect_script(image_path: Path, *, dpi: int, net_s: float = NET_S) -> tuple[str, float]:
    """Tesseract's name of the script that an image is written in (Japanese, Cyrillic), and its confidence.

    Costs half a pass (model osd). ("", 0) where there are too few characters, which Tesseract reports as a
    failure. Raises OCRError with code `timeout`, and MisconfiguredError as `recognise` does.
    """
    try:
        with _translate_errors(image_path.name):
            osd = pytesseract.image_to_osd(
                str(image_path),
                config=f"--dpi {dpi}",
                nice=_NICE,
                timeout=net_s,
                output_type=pytesseract.Output.DICT,
            )
    except OCRError as error:
        if error.code is Code.TIMEOUT:
            raise
        return "", 0.0
    return str(osd.get("script", "")), float(osd.get("script_conf", 0.0))


def tesseract_version() -> str:
    """The version of the installed program, for example 5.3.0.

    Raises MisconfiguredError when Tesseract is missing or older than pytesseract supports.
    """
    # pytesseract caches it, so a process that is forked after this call does not start the program again.
    with _translate_errors("--version"):
        return str(pytesseract.get_tesseract_version())


def installed_languages() -> frozenset[str]:
    """The names of the installed models. Raises MisconfiguredError when Tesseract is missing."""
    with _translate_errors("--list-langs"):
        return frozenset(pytesseract.get_languages())


@cache
def models_folder() -> Path | None:
    """The folder of the program's models, from the first line of `--list-langs`; None where it names none.

    Raises MisconfiguredError where the program does not answer: None would be another engine, for good.
    """
    command = ["tesseract", "--list-langs"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LIST_TIMEOUT_S, check=True)
    except subprocess.TimeoutExpired as error:
        raise MisconfiguredError(
            f"tesseract --list-langs did not answer within {_LIST_TIMEOUT_S:g} s", code=Code.PROGRAM_MISSING
        ) from error
    except (OSError, subprocess.SubprocessError):
        return None
    match = _MODELS_FOLDER.match(os.fsdecode(done.stdout or done.stderr))
    if match is not None and Path(match[1]).is_dir():
        return Path(match[1])
    return None


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    """Raise our errors for those of pytesseract; `name` is of the file being read."""
    try:
        yield
    except pytesseract.TesseractNotFoundError as error:
        raise _missing_program_error() from error
    except pytesseract.TesseractError as error:
        raise _failure(name, int(error.status), str(error.message)) from error
    except RuntimeError as error:  # pytesseract raises it for its time-out
        raise _timeout_error(name) from error
    except UnicodeDecodeError as error:
        raise OCRError(f"{name}: Tesseract's output is not UTF-8") from error
    except OSError as error:
        raise OCRError(f"{name}: Tesseract could not be run: {error.strerror}") from error
    except SystemExit as error:  # pytesseract exits where it does not support the version
        raise MisconfiguredError(
            "This version of Tesseract is not supported; install tesseract-ocr 5.", code=Code.PROGRAM_MISSING
        ) from error


def _failure(name: str, status: int, stderr: str) -> OCRError | MisconfiguredError:
    if status in _NICE_CANNOT_RUN:
        return _missing_program_error()
    if _LANGUAGE_MISSING in stderr:
        model = stderr.partition(_LANGUAGE_MISSING)[2].split("'")[1:2]
        return MisconfiguredError(
            f"Tesseract has no model {' '.join(model)!r}; install its package, such as tesseract-ocr-jpn.",
            code=Code.PROGRAM_MISSING,
        )
    ending = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    # pytesseract has joined the lines; the cause is at the end.
    return OCRError(f"{name}: Tesseract {ending}: {stderr[-_STDERR_CHARS:]}")


def _missing_program_error() -> MisconfiguredError:
    return MisconfiguredError(
        "The program tesseract is not on the PATH; install tesseract-ocr with the models "
        "tesseract-ocr-jpn, tesseract-ocr-jpn-vert, tesseract-ocr-eng and tesseract-ocr-osd.",
        code=Code.PROGRAM_MISSING,
    )


def _timeout_error(name: str) -> OCRError:
    return OCRError(f"{name}: not read within the time one page may take", code=Code.TIMEOUT)
