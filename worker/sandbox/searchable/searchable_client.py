"""Asks a process of its own for a searchable PDF, and accepts nothing of it but a regular file."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from worker.errors import Code, RejectedError
from worker.sandbox.searchable.messages import TARGET_NAME, SearchableAnswer, SearchableRequest

_MAX_ANSWER_BYTES = 1024**2
_START_S = 60.0
"""Its imports take less than a second on a quiet machine."""
_PDF = b"%PDF-"


def make_searchable(request: SearchableRequest, environment: Mapping[str, str]) -> SearchableAnswer:
    """Have the PDF made in the folder of the request. Raises RejectedError where there is none."""
    limits = request.limits
    limit_s = _START_S + limits.document_timeout_s + limits.document_timeout_per_page_s * len(request.pages)
    answer = _ask(request, environment, limit_s)
    if answer.code is not None:
        raise RejectedError(answer.message, code=answer.code)
    return answer


def open_result(folder: Path, *, max_bytes: int) -> int:
    """A descriptor of the PDF that was made. Raises RejectedError where there is none.

    The process that made it may have put a link, a pipe or something else there.
    """
    try:
        descriptor = os.open(folder / TARGET_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise RejectedError("no PDF was made", code=Code.CRASHED) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > max_bytes or os.pread(descriptor, 5, 0) != _PDF:
        os.close(descriptor)
        raise RejectedError("what was made is no PDF", code=Code.CRASHED)
    return descriptor


def _ask(request: SearchableRequest, environment: Mapping[str, str], limit_s: float) -> SearchableAnswer:
    # It runs in another folder, where it would not find a package that is imported from a checkout.
    environment = {**environment, "PYTHONPATH": str(Path(__file__).parents[3])}
    # A pipe would take whatever it prints; a file is bounded as those of a document are.
    with tempfile.TemporaryFile(dir=request.folder) as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.sandbox.searchable.searchable_process"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            # Not in the folder of the caller, which may hold modules of its own.
            cwd="/",
            start_new_session=True,
        )
        try:
            process.communicate("".join(request.to_json()).encode("ascii"), timeout=limit_s)
        except subprocess.TimeoutExpired as error:
            raise RejectedError(f"it was not made within {limit_s:.0f} s", code=Code.TIMEOUT) from error
        finally:
            # The group, with whatever it has started; also where the caller is interrupted.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(max(0, output.seek(0, os.SEEK_END) - _MAX_ANSWER_BYTES))
        answer = output.read(_MAX_ANSWER_BYTES)
    try:
        return SearchableAnswer.from_json(answer.splitlines()[-1])
    except (LookupError, TypeError, ValueError) as error:
        raise RejectedError(_end(process.returncode), code=Code.CRASHED) from error


def _end(status: int) -> str:
    if status == -signal.SIGXCPU:
        return "it takes more CPU time than one document may have"
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return f"the process that makes it ended with {how}"
