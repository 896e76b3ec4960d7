"""Row `real`: pages like those people have, CPU and errors beside plain Tesseract.

The floor is pdftoppm in grey and one `tesseract -l jpn` a page; the worker reads the same scan end to end.
Ratios are of runs side by side, since a machine is not as fast in every minute.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bench.figure import Figure
from bench.peers import ocrmypdf_s
from bench.reading.first_pages import first_pages
from bench.reading.manual_pictures import manual_pictures
from bench.reading.readers import cpu_s, read_plainly
from bench.reading.real_errors import real_errors
from bench.reading.white_paper import write_report
from bench.worker_under_test import WorkerUnderTest, warm_worker
from worker.samples.jpeg_pdf import write_jpeg_pdf

_RUNS = int(os.environ.get("REAL_RUNS", "5"))
_PAGES = 10
_A4_PT = (595.0, 842.0)


def real(home: Path) -> list[Figure]:
    """Dense and hard pages with and without the network, first pages, pictures of manuals."""
    scan, pictures, truths = _scan(home)
    return [
        *_dense_speed(home, scan),
        *real_errors(home, pictures, truths),
        *first_pages(home, pictures[1], truths[1]),
        *manual_pictures(home),
    ]


def _dense_speed(home: Path, scan: Path) -> list[Figure]:
    used_s: dict[str, list[float]] = {"off": [], "on": [], "floor": []}
    wall_s: dict[str, list[float]] = {"off": [], "on": []}
    with (
        warm_worker(home / "off", CIS_OCR_SECOND_PASS="off") as off,
        warm_worker(home / "on", CIS_OCR_SECOND_PASS="on") as on,
    ):
        for run in range(_RUNS):
            for name, worker in (("off", off), ("on", on)):
                cost_s, took_s = _worker_s(worker, scan, run)
                used_s[name].append(cost_s)
                wall_s[name].append(took_s)
            used_s["floor"].append(_floor_s(scan, home))
    peers_s = {languages: ocrmypdf_s(scan, languages) for languages in ("jpn+eng", "jpn")}
    figures = [_cpu_figure(name, used_s, most) for name, most in (("off", 0.97), ("on", 1.2))]
    return figures + [_wall_figure(name, wall_s[name], peers_s) for name in wall_s]


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
    before_s = cpu_s()
    _draw(scan, home / "floor")
    for picture in sorted(home.glob("floor-*.pgm")):
        read_plainly(picture)
    return cpu_s() - before_s


def _cpu_figure(name: str, used_s: dict[str, list[float]], most: float) -> Figure:
    ratios = [ours / floor for ours, floor in zip(used_s[name], used_s["floor"], strict=True)]
    ratio = statistics.median(ratios)
    return Figure(
        what=f"CPU of {_PAGES} dense pages end to end, second pass {name} / pdftoppm + tesseract -l jpn, "
        f"median of {_RUNS}",
        figure=f"{ratio:.2f} x ({min(ratios):.2f} to {max(ratios):.2f}; "
        f"{statistics.median(used_s[name]) / _PAGES:.2f} s a page)",
        must=f"<= {most} x",
        met=ratio <= most,
    )


def _wall_figure(name: str, wall_s: Sequence[float], peers_s: dict[str, float]) -> Figure:
    ours_s = statistics.median(wall_s)
    return Figure(
        what=f"the same by wall time, second pass {name} / OCRmyPDF -l {', -l '.join(peers_s)} (-j 2)",
        figure=", ".join(f"{ours_s / theirs_s:.2f} x" for theirs_s in peers_s.values()),
        must="printed",
        met=None,
    )
