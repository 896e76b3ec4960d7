"""A replacement for subprocess.Popen that bounds the output, the files and the memory of a program.

pytesseract and pdf2image read all that their programs print into memory, and pytesseract leaves a zombie of a
program that took too long. Either could cost the document its process, or the machine its memory.
"""

from __future__ import annotations

import errno
import os
import resource
import selectors
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import IO, Any

import pdf2image.pdf2image
import pytesseract

from worker.runtime.machine.work_clock import Net, wait_under

_TAIL_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024
# No page is worth more messages than this, and to read on would cost the others the processor.
_MAX_OUTPUT_BYTES = 64 * 1024**2
# A drawn page has at most 40 MB and its OCR result a few; the libraries read such files whole.
_MAX_FILE_BYTES = 128 * 1024**2
# Tesseract takes 0.29 GB of addresses on the largest page (40 million pixels), and as many run at a time as
# there are slots. pdftoppm, which decodes whatever a PDF holds, keeps the limit of the document process.
_TESSERACT_MEMORY_BYTES = 1024**3
# How long the end of a program may go unnoticed when something it started holds its pipes open.
_TICK_S = 0.1


class BoundedPopen:
    """A running program, with what pytesseract and pdf2image use of subprocess.Popen."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        memory_bytes: int | None = None,
        **streams: Any,
    ) -> None:
        command = [*_under_limits(arguments[0], env=env, memory_bytes=memory_bytes), *arguments]
        self._process: subprocess.Popen[bytes] = subprocess.Popen(command, env=env, **streams)
        self.args = self._process.args
        self.pid = self._process.pid
        self.stdin, self.stdout, self.stderr = (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        )
        self.returncode: int | None = None
        self._output_bytes = 0

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Wait for its end; the last 256 KiB of its standard output and of its standard error.

        Raises subprocess.TimeoutExpired, after which it still runs, when it has worked or hung for longer
        than `timeout`: the time it waits for a processor does not count.
        """
        net = None if timeout is None else Net(self.pid, limit_s=timeout)
        tails: dict[int, bytearray] = {}
        with selectors.DefaultSelector() as selector:
            for stream in (self.stdout, self.stderr):
                if stream is not None and not stream.closed:
                    os.set_blocking(stream.fileno(), False)
                    selector.register(stream, selectors.EVENT_READ)
                    tails[id(stream)] = bytearray()
            while selector.get_map():
                # Asked before the pipes are read, so that what it printed last is read after its end.
                has_ended = self._process.poll() is not None
                self._read_ready(selector, tails, wait_s=0.0 if has_ended else _TICK_S)
                if has_ended:
                    break
                if self._output_bytes > _MAX_OUTPUT_BYTES:
                    self._process.kill()
                if net is not None and net.is_over():
                    raise subprocess.TimeoutExpired(self.args, net.limit_s)
        # It may have closed its pipes, and still run.
        self.returncode = wait_under(self._process, net)
        self._close_streams()
        output, errors = (bytes(tails.get(id(stream), b"")) for stream in (self.stdout, self.stderr))
        return output, errors

    def kill(self) -> None:
        """End it, and leave no zombie."""
        self._process.kill()
        self.returncode = self._process.wait()

    def terminate(self) -> None:
        """Kill it: document processes ignore SIGTERM, and their programs inherit that."""
        self.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, negative for a signal."""
        self.returncode = self._process.wait(timeout)
        return self.returncode

    def _read_ready(
        self, selector: selectors.DefaultSelector, tails: dict[int, bytearray], *, wait_s: float
    ) -> None:
        """Read what the pipes hold, waiting so long for the first byte."""
        for key, _ in selector.select(wait_s):
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment]
            data = b""
            with suppress(BlockingIOError):
                data = os.read(stream.fileno(), _READ_BYTES)
            if not data:
                selector.unregister(stream)
                continue
            tail = tails[id(stream)]
            tail += data
            self._output_bytes += len(data)
            if len(tail) > 2 * _TAIL_BYTES:
                del tail[:-_TAIL_BYTES]

    def _close_streams(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _under_limits(program: str, *, env: Mapping[str, str], memory_bytes: int | None) -> list[str]:
    """What a command begins with so that a shell lowers its limits and becomes the program.

    A reader may not change the limits of another process, not even of one that it has started: the kernel
    would let it change those of the worker as well.
    """
    if shutil.which(program, path=env.get("PATH")) is None:
        # The shell would be there. pytesseract and pdf2image take this for "not installed".
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    wanted = [("f", resource.RLIMIT_FSIZE, _MAX_FILE_BYTES, 512)]
    if memory_bytes is not None:
        wanted.append(("v", resource.RLIMIT_AS, memory_bytes, 1024))
    lines = []
    for option, what, value, unit_bytes in wanted:
        _, inherited = resource.getrlimit(what)
        if inherited == resource.RLIM_INFINITY or inherited > value:
            lines.append(f"ulimit -{option} {value // unit_bytes}; ")
    return ["/bin/sh", "-c", f'{"".join(lines)}exec "$@"', "sh"] if lines else []


def bound_programs() -> None:
    """Make pytesseract and pdf2image start their programs as BoundedPopen."""
    tesseract = partial(BoundedPopen, memory_bytes=_TESSERACT_MEMORY_BYTES)
    # A namespace of its own for pytesseract, since the real module is everybody's.
    pytesseract.pytesseract.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": tesseract})
    vars(pdf2image.pdf2image)["Popen"] = BoundedPopen
