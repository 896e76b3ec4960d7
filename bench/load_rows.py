"""The rows about load: short documents beside a long scan, busy cores, memory, disk."""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil
from PIL import Image, ImageDraw

from bench.figure import Figure
from bench.scans import scan, scan_of_headings, unlike
from bench.worker_under_test import WorkerUnderTest, warm_worker

_RUNS = 3
_LONG_SCAN_PAGES = 400
_TEXT_BYTES = 2_048
_BATCH, _BATCH_PAGES = 4, 10
_WARM_FILES, _MIXED_FILES = 100, 1_000
_PICTURE_EVERY = 25
_LARGE_SCAN_PAGES = 600
_POLL_S = 0.05
_COUNT_EVERY_S = 0.2
_PAGE_PROGRAMS = ("tesseract", "pdftoppm")
_DEADLINE_S = 120.0
_MEMORY = Path("/dev/shm")  # noqa: S108 - only its size is read
_DOWNLOADED = "original"


def fairness(home: Path) -> list[Figure]:
    """A short text and a scan of one page that arrive while a scan of 400 pages is read."""
    long_scan, short_scan = scan(home, _LONG_SCAN_PAGES), scan(home, 1)
    with warm_worker(home / "stack") as worker:
        alone_s = statistics.median(
            _process_s(worker, f"alone-{run}.pdf", unlike(short_scan, run)) for run in range(_RUNS)
        )
        worker.put("long.pdf", long_scan)
        _until(lambda: bool(_programs(worker, *_PAGE_PROGRAMS)))
        texts, scans = [], []
        for run in range(_RUNS):
            texts.append(_process_s(worker, f"short-{run}.txt", _text(run)))
            scans.append(_process_s(worker, f"beside-{run}.pdf", unlike(short_scan, 10 + run)))
        if worker.is_finished("long.pdf"):
            raise AssertionError("the long scan was done before the short documents were")
    text_s, scan_s = statistics.median(texts), statistics.median(scans)
    beside = f"while a scan of {_LONG_SCAN_PAGES} pages is read"
    return [
        Figure(
            what=f"2 KB text file {beside}, median / slowest of {_RUNS}",
            figure=f"{text_s:.2f} s / {max(texts):.2f} s",
            must="<= 1 s",
            met=text_s <= 1.0,
        ),
        Figure(
            what=f"scan of one page {beside} / alone, medians of {_RUNS}",
            figure=f"{scan_s / alone_s:.2f} x ({scan_s:.2f} s / {alone_s:.2f} s)",
            must="<= 3 x",
            met=scan_s <= 3 * alone_s,
        ),
    ]


def busy(home: Path) -> list[Figure]:
    """The share of the CPU left by other processes that a batch of scans uses, and of the slots that work.

    Working slots are counted by their programs, hence the Tesseract program and not the library.
    """
    batch, cores = scan(home, _BATCH_PAGES), os.cpu_count() or 1
    with (
        warm_worker(home / "stack", CIS_OCR_ENGINE="tesseract", CIS_OCR_SECOND_PASS="off") as worker,
        ThreadPoolExecutor(1) as pool,
    ):
        cpu_s, idle_s, began = _tree_cpu_s(worker), _idle_s(), time.monotonic()
        for number in range(_BATCH):
            worker.put(f"batch-{number}.pdf", unlike(batch, number))
        reading = pool.submit(_finish, worker, [f"batch-{number}.pdf" for number in range(_BATCH)])
        filled = _busy_slots(worker, reading, cores)
        reading.result()
        wall_s = time.monotonic() - began
        cpu_s, idle_s = _tree_cpu_s(worker) - cpu_s, _idle_s() - idle_s
    share, of_all = cpu_s / (cpu_s + idle_s), cpu_s / (wall_s * cores)
    return [
        Figure(
            what=f"cores busy with {_BATCH} scans of {_BATCH_PAGES} pages, of the CPU left by others",
            figure=f"{100 * share:.1f} % ({cpu_s:.1f} CPU-s used, {idle_s:.1f} idle)",
            must=">= 92 %",
            met=share >= 0.92,
        ),
        Figure(
            what=f"- slots with a page in work, of {cores}, on the mean",
            figure=f"{100 * filled:.1f} %",
            must=">= 92 %",
            met=filled >= 0.92,
        ),
        Figure(
            what=f"- of all the time of the {cores} cores, others' work included",
            figure=f"{100 * of_all:.1f} % ({cpu_s:.1f} CPU-s in {wall_s:.1f} s)",
            must="printed",
            met=None,
        ),
    ]


def growth(home: Path) -> list[Figure]:
    """The worker's own memory over 1,000 documents: texts, and a picture among every 25."""
    with warm_worker(home / "stack") as worker:
        _feed(worker, range(_WARM_FILES))
        before_mb = worker.memory_mb()
        _feed(worker, range(_WARM_FILES, _WARM_FILES + _MIXED_FILES))
        after_mb = worker.memory_mb()
    grown_mb = after_mb - before_mb
    return [
        Figure(
            what=f"growth of the worker process over {_MIXED_FILES} mixed documents",
            figure=f"{grown_mb:.1f} MB ({before_mb:.0f} MB, then {after_mb:.0f} MB)",
            must="< 20 MB",
            met=grown_mb < 20,
        )
    ]


def folder(home: Path) -> list[Figure]:
    """The largest size of the work folder while a scan of 600 pages is read, the download apart."""
    large = scan_of_headings(home, _LARGE_SCAN_PAGES)
    with warm_worker(home / "stack") as worker, ThreadPoolExecutor(1) as pool:
        worker.put("large.pdf", large)
        reading = pool.submit(worker.finish, "large.pdf")
        most = _largest(worker, reading)
        reading.result()
    return [
        Figure(
            what=f"work folder while a scan of {_LARGE_SCAN_PAGES} pages is read, the download apart",
            figure=f"{most.size_mb:.1f} MB at most, {most.files} files",
            must="< 150 MB",
            met=most.size_mb < 150,
        )
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Size:
    size_mb: float = 0.0
    files: int = 0


def _busy_slots(worker: WorkerUnderTest, reading: Future[None], slots: int) -> float:
    """The mean share of slots in which a program works on a page."""
    counts, tick = [], Event()
    while not reading.done():
        counts.append(min(slots, len(_programs(worker, *_PAGE_PROGRAMS))))
        tick.wait(_COUNT_EVERY_S)
    return statistics.mean(counts) / slots


def _finish(worker: WorkerUnderTest, names: list[str]) -> None:
    for name in names:
        worker.finish(name)


def _largest(worker: WorkerUnderTest, reading: Future[None]) -> _Size:
    most, tick = _Size(), Event()
    name = f"cis-worker-{worker.process.pid}-*"
    # Rendered pages are in /dev/shm while it has room.
    roots = [root for place in (Path(tempfile.gettempdir()), _MEMORY) for root in place.glob(name)]
    while not reading.done():
        now = _size(roots)
        most = now if now.size_mb > most.size_mb else most
        tick.wait(_POLL_S)
    return most


def _size(roots: list[Path]) -> _Size:
    size, count = 0, 0
    for path in (path for root in roots for path in root.rglob("*")):
        try:
            status = path.lstat()
        except FileNotFoundError:  # removed since it was listed
            continue
        if path.name != _DOWNLOADED and not path.is_dir():
            size, count = size + status.st_size, count + 1
    return _Size(size_mb=size / 1e6, files=count)


def _text(number: int) -> bytes:
    return (f"{number} 営業報告 ".encode() + "本文です。".encode() * 140)[:_TEXT_BYTES]


def _picture(number: int) -> bytes:
    image, file = Image.new("L", (400, 160), 255), io.BytesIO()
    ImageDraw.Draw(image).text((20, 50), f"PICTURE {number}", fill=0, font_size=40)
    image.save(file, format="PNG")
    return file.getvalue()


def _process_s(worker: WorkerUnderTest, key: str, data: bytes) -> float:
    began = worker.put(key, data)
    worker.finish(key)
    return time.monotonic() - began


def _feed(worker: WorkerUnderTest, numbers: range) -> None:
    names = []
    for number in numbers:
        picture = number % _PICTURE_EVERY == 0
        names.append(f"{number}.png" if picture else f"{number}.txt")
        worker.put(names[-1], _picture(number) if picture else _text(number))
    _finish(worker, names)


def _programs(worker: WorkerUnderTest, *names: str) -> list[str]:
    """Those of the named programs that run as descendants of the worker."""
    found = []
    for process in psutil.Process(worker.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found.append(process.name())
    return [name for name in found if name in names]


def _tree_cpu_s(worker: WorkerUnderTest) -> float:
    """CPU seconds of the worker and all its descendants, ended ones included."""
    own = psutil.Process(worker.process.pid)
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _idle_s() -> float:
    times = psutil.cpu_times()
    return float(times.idle + times.iowait)


def _until(done: Callable[[], bool]) -> None:
    deadline, tick = time.monotonic() + _DEADLINE_S, Event()
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {_DEADLINE_S:.0f} s")
        tick.wait(_POLL_S)
