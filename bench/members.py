"""`python -m bench.members [COUNT]`: time, CPU and memory that an archive of so many small files takes."""

from __future__ import annotations

import io
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from worker.config import Settings, sandbox_environment
from worker.document.options_from_settings import read_options
from worker.models.page import Page
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.protocol import ExtractionRequest
from worker.sandbox.scheduler import Sandbox

_COUNT = 5_000
_TEXT = "議事録 {number}: 営業部の報告です。\n" * 20
_FORK_SERVER = "worker.sandbox.fork_server"


def main() -> None:
    """Read the archive once and print what it took."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _COUNT
    with tempfile.TemporaryDirectory(prefix="bench-members-") as name:
        path = Path(name, "document", "original")
        path.parent.mkdir()
        path.write_bytes(_archive(count))
        with _sandbox(Path(name)) as sandbox:
            _measure(sandbox, path, count)


def _archive(count: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number:05d}.txt", _TEXT.replace("{number}", str(number)))
    return data.getvalue()


@contextmanager
def _sandbox(root: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(
        options=read_options(Settings()), slots=1, work_root=root, environment=sandbox_environment()
    )
    over = threading.Event()

    def drive() -> None:
        while not over.is_set():
            sandbox.step(0.05)

    sandbox.start()
    thread = threading.Thread(target=drive, daemon=True)
    thread.start()
    try:
        yield sandbox
    finally:
        over.set()
        thread.join()
        sandbox.close()


def _measure(sandbox: Sandbox, path: Path, count: int) -> None:
    own = psutil.Process()
    servers = [each for each in own.children() if _FORK_SERVER in each.cmdline()]
    parent_mb, parent_s = own.memory_info().rss / 1e6, sum(own.cpu_times()[:2])
    began, peak_mb, child_s, pages = time.monotonic(), 0.0, 0.0, 0
    with sandbox.open(ExtractionRequest(path=path, name="many.zip", folder=path.parent)) as run:
        run.detect()
        run.go()
        event = None
        while not isinstance(event, ReadingEnded):
            event = run.next(0.5)
            pages += isinstance(event, Page)
            if not pages % 100:
                for child in (each for server in servers for each in server.children()):
                    with suppress(psutil.NoSuchProcess):
                        peak_mb = max(peak_mb, child.memory_info().rss / 1e6)
                        child_s = max(child_s, sum(child.cpu_times()[:2]))
    parent_s = sum(own.cpu_times()[:2]) - parent_s
    sys.stdout.write(
        f"{count} files, {path.stat().st_size / 1e6:.1f} MB packed: {pages} pages in"
        f" {time.monotonic() - began:.1f} s; document process {child_s:.1f} s CPU, {peak_mb:.0f} MB at most;"
        f" worker {parent_s:.1f} s CPU, {own.memory_info().rss / 1e6 - parent_mb:+.0f} MB\n"
    )


if __name__ == "__main__":
    main()
