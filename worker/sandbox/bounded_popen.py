"""A started program of whose output only the end is kept, and which is ended when it floods.

pytesseract and pdf2image take all that their programs print into memory, and pytesseract leaves a program
that took too long a second's grace (in vain: it is deaf to SIGTERM here) and then a zombie. A broken program
would so cost the document its process, or the machine its memory. `bound_programs` puts this class where the
two libraries look for `Popen`; it has what they use of it, and no more.
"""

from __future__ import annotations

import os
import resource
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import IO, Any

import pdf2image.pdf2image
import pytesseract

_KEPT_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024
_MAX_PRINTED_BYTES = 64 * 1024**2
"""No page is worth so many complaints; to read on would cost the others the processor."""
_MAX_FILE_BYTES = 128 * 1024**2
"""A page in grey has at most 40 MB, what is read on it some MB; the libraries read such a file whole."""
_ENGINE_BYTES = 1024**3
"""Tesseract takes 0.29 GB of addresses on the largest page there is here (40 million pixels); as many run at
a time as there are slots. pdftoppm, which decodes whatever a PDF holds, has the limit of its reader."""
_TICK_S = 0.1
"""How long a program that ended may go unnoticed when something it started holds its pipes."""


class BoundedProgram:
    """A program that runs, as `subprocess.Popen` would have it; it is started when this is made."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        memory_bytes: int | None = None,
        **streams: Any,
    ) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(arguments, env=env, **streams)
        self.args = self._process.args
        self.pid = self._process.pid
        self.stdin, self.stdout, self.stderr = (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        )
        self.returncode: int | None = None
        self._printed_bytes = 0
        self._limit(resource.RLIMIT_FSIZE, _MAX_FILE_BYTES)
        if memory_bytes is not None:
            self._limit(resource.RLIMIT_AS, memory_bytes)

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Wait for its end; the last 256 KiB of its output and of its complaints.

        Raises subprocess.TimeoutExpired, after which it still runs.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        kept: dict[int, bytearray] = {}
        with selectors.DefaultSelector() as selector:
            for stream in (self.stdout, self.stderr):
                if stream is not None and not stream.closed:
                    os.set_blocking(stream.fileno(), False)
                    selector.register(stream, selectors.EVENT_READ)
                    kept[id(stream)] = bytearray()
            while selector.get_map():
                ended = self._process.poll() is not None
                self._read_on(selector, kept, wait_s=0.0 if ended else _TICK_S)
                if ended:
                    break
                if self._printed_bytes > _MAX_PRINTED_BYTES:
                    self._process.kill()
                if deadline is not None and time.monotonic() > deadline:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.returncode = self._process.wait(None if deadline is None else deadline - time.monotonic())
        self._close()
        out, complaints = (bytes(kept.get(id(stream), b"")) for stream in (self.stdout, self.stderr))
        return out, complaints

    def kill(self) -> None:
        """End it, and leave no zombie."""
        self._process.kill()
        self.returncode = self._process.wait()

    def terminate(self) -> None:
        """End it at once: it was started deaf to SIGTERM."""
        self.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, negative for a signal."""
        self.returncode = self._process.wait(timeout)
        return self.returncode

    def _limit(self, what: int, value: int) -> None:
        _, most = resource.getrlimit(what)
        if most == resource.RLIM_INFINITY or most > value:
            with suppress(ProcessLookupError):
                resource.prlimit(self.pid, what, (value, value))

    def _read_on(
        self, selector: selectors.DefaultSelector, kept: dict[int, bytearray], *, wait_s: float
    ) -> None:
        """Take what is there; at the end of the program that is what its pipes still hold."""
        for key, _ in selector.select(wait_s):
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment]
            data = b""
            with suppress(BlockingIOError):
                data = os.read(stream.fileno(), _READ_BYTES)
            if not data:
                selector.unregister(stream)
                continue
            end = kept[id(stream)]
            end += data
            self._printed_bytes += len(data)
            if len(end) > 2 * _KEPT_BYTES:
                del end[:-_KEPT_BYTES]

    def _close(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def bound_programs() -> None:
    """From here on, pytesseract and pdf2image start their programs as BoundedProgram."""
    ocr_engine = partial(BoundedProgram, memory_bytes=_ENGINE_BYTES)
    pytesseract.pytesseract.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": ocr_engine})
    vars(pdf2image.pdf2image)["Popen"] = BoundedProgram
