"""Pages like those people have: ten dense ones of a report and a dozen hard ones, CPU and errors.

The floor is pdftoppm in grey and one `tesseract -l jpn` a page; the worker reads the same scan end to end.
Ratios are of runs side by side, since a machine is not as fast in every minute.
"""

from __future__ import annotations

import io
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.accuracy_rows import accuracy_of
from bench.figure import Figure
from bench.peers import ocrmypdf_s
from bench.reading.hard_pages import HardPage, hard_pages
from bench.reading.white_paper import write_report
from bench.worker_under_test import WorkerUnderTest, warm_worker
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.extract.capabilities import probe
from worker.extract.ocr.line_rerecognition import LineRerecognition
from worker.extract.ocr.ocr_engine import OCREngine
from worker.extract.tools import resolve_options
from worker.samples.jpeg_pdf import write_jpeg_pdf

_RUNS = 5
_PAGES = 10
_HARD_OF_EACH_KIND = 4
_MIX = (20, 10)
"""Clean and hard pages of the printed mix."""
_A4_PT = (595.0, 842.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """Errors (1 - accuracy) of some pages, and the CPU seconds of all of them."""

    errors: Sequence[float]
    cpu_s: float

    @property
    def error(self) -> float:
        return statistics.fmean(self.errors)


def real(home: Path) -> list[Figure]:
    """Dense and hard pages, with and without the network."""
    scan, pictures, truths = _scan(home)
    cpu_s: dict[str, list[float]] = {"off": [], "on": [], "floor": []}
    wall_s: dict[str, list[float]] = {"off": [], "on": []}
    with (
        warm_worker(home / "off", CIS_OCR_SECOND_PASS="off") as off,
        warm_worker(home / "on", CIS_OCR_SECOND_PASS="on") as on,
    ):
        for run in range(_RUNS):
            for name, worker in (("off", off), ("on", on)):
                used_s, took_s = _worker_s(worker, scan, run)
                cpu_s[name].append(used_s)
                wall_s[name].append(took_s)
            cpu_s["floor"].append(_floor_s(scan, home))
    figures = [_cpu_figure(name, cpu_s, most) for name, most in (("off", 0.97), ("on", 1.2))]
    figures += [_wall_figure(name, wall_s, scan) for name in ("off", "on")]
    return figures + _accuracy(home, pictures, truths)


def _scan(home: Path) -> tuple[Path, list[Path], list[str]]:
    """The report as a scanner makes it; its pages as pdftoppm draws them, and their texts."""
    report = home / "report.pdf"
    truths = write_report(report, _PAGES)
    _draw(report, home / "drawn")
    jpegs = []
    for picture in sorted(home.glob("drawn-*.pgm")):
        file = io.BytesIO()
        with Image.open(picture) as page:
            size_px = page.size
            page.save(file, "JPEG", quality=88)
        jpegs.append(file.getvalue())
    scan = home / "scan.pdf"
    write_jpeg_pdf(scan, jpegs, size_px=size_px, size_pt=_A4_PT)
    _draw(scan, home / "page")
    return scan, sorted(home.glob("page-*.pgm")), truths


def _draw(pdf: Path, prefix: Path) -> None:
    subprocess.run(["pdftoppm", "-gray", "-r", "200", str(pdf), str(prefix)], check=True)


def _worker_s(worker: WorkerUnderTest, scan: Path, run: int) -> tuple[float, float]:
    # Bytes differ from run to run, or the stored result of the first would be reused.
    before_s = worker.cpu_s()
    began = worker.put(f"real-{run}.pdf", scan.read_bytes() + f"\n% run {run}\n".encode())
    worker.finish(f"real-{run}.pdf")
    return worker.cpu_s() - before_s, time.monotonic() - began


def _floor_s(scan: Path, home: Path) -> float:
    before_s = _cpu_s()
    _draw(scan, home / "floor")
    for picture in sorted(home.glob("floor-*.pgm")):
        _plain(picture)
    return _cpu_s() - before_s


def _plain(picture: Path) -> str:
    command = ["tesseract", str(picture), "-", "-l", "jpn"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _cpu_figure(name: str, cpu_s: dict[str, list[float]], most: float) -> Figure:
    ratio = statistics.median(ours / floor for ours, floor in zip(cpu_s[name], cpu_s["floor"], strict=True))
    return Figure(
        what=f"CPU of {_PAGES} dense pages end to end, second pass {name} / pdftoppm + tesseract -l jpn",
        figure=f"{ratio:.2f} x ({statistics.median(cpu_s[name]) / _PAGES:.2f} s a page)",
        must=f"<= {most} x",
        met=ratio <= most,
    )


def _wall_figure(name: str, wall_s: dict[str, list[float]], scan: Path) -> Figure:
    ours_s = statistics.median(wall_s[name])
    ratios = [f"{ours_s / ocrmypdf_s(scan, languages):.2f} x" for languages in ("jpn+eng", "jpn")]
    return Figure(
        what=f"the same by wall time, second pass {name} / OCRmyPDF -l jpn+eng, -l jpn (-j 2)",
        figure=", ".join(ratios),
        must="printed",
        met=None,
    )


def _accuracy(home: Path, pictures: Sequence[Path], truths: Sequence[str]) -> list[Figure]:
    engine, label = _engine()
    hard = list(hard_pages(_HARD_OF_EACH_KIND, seed=7))
    hard_pictures = [_save(home / f"hard-{number}.pgm", page) for number, page in enumerate(hard)]
    hard_truths = [page.truth for page in hard]
    engine(hard_pictures[0])  # compiled once a document, which the rows above have in them
    clean_ours, clean_plain = (_read_all(read, pictures, truths) for read in (engine, _plain))
    hard_ours, hard_plain = (_read_all(read, hard_pictures, hard_truths) for read in (engine, _plain))
    worst = max(ours - plain for ours, plain in zip(clean_ours.errors, clean_plain.errors, strict=True))
    mix = _mix_s(clean_ours, hard_ours) / _mix_s(clean_plain, hard_plain)
    return [
        _error_figure(f"{_PAGES} dense clean pages", clean_ours, clean_plain, 0.6),
        Figure(
            what="of them the page that is worse by most than plain tesseract -l jpn reads it",
            figure=f"{worst:+.4f}",
            must="<= 0",
            met=worst <= 0,
        ),
        _error_figure(f"{len(hard)} photographs, tables and receipts", hard_ours, hard_plain, 0.5),
        Figure(
            what=f"CPU of {_MIX[0]} clean and {_MIX[1]} hard pages / tesseract -l jpn ({label})",
            figure=f"{mix:.2f} x",
            must="<= 1.5 x",
            met=mix <= 1.5,
        ),
    ]


def _engine() -> tuple[Callable[[Path], str], str]:
    """The worker's reading of a picture with the default settings, and what it reads with."""
    options = resolve_options(read_options(Settings()), probe())
    second_pass = None
    if options.second_pass == "on":
        second_pass = LineRerecognition(
            confidence=options.second_pass_confidence,
            max_lines=options.second_pass_max_lines,
            max_pixels=options.second_pass_max_pixels,
        )
    engine = OCREngine(ocr_engine=options.ocr_engine, second_pass=second_pass)
    return (
        lambda picture: engine.read_page(picture, number=1, hint=None).text,
        f"network {options.second_pass}",
    )


def _save(path: Path, page: HardPage) -> Path:
    page.picture.save(path)
    return path


def _read_all(read: Callable[[Path], str], pictures: Sequence[Path], truths: Sequence[str]) -> _Read:
    before_s = _cpu_s()
    texts = [read(picture) for picture in pictures]
    cpu_s = _cpu_s() - before_s
    return _Read(
        errors=[1 - accuracy_of(text, truth) for text, truth in zip(texts, truths, strict=True)], cpu_s=cpu_s
    )


def _mix_s(clean: _Read, hard: _Read) -> float:
    return _MIX[0] * clean.cpu_s / len(clean.errors) + _MIX[1] * hard.cpu_s / len(hard.errors)


def _error_figure(what: str, ours: _Read, plain: _Read, most: float) -> Figure:
    ratio = ours.error / plain.error
    cpu = ours.cpu_s / plain.cpu_s
    return Figure(
        what=f"error on {what}: worker / tesseract -l jpn",
        figure=f"{ratio:.2f} x ({ours.error:.4f} / {plain.error:.4f}), CPU {cpu:.2f} x",
        must=f"<= {most} x",
        met=ratio <= most,
    )
