"""The row of born-digital PDFs: how many pages a core reads, with thumbnail, index and all."""

from __future__ import annotations

import statistics
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from bench.figure import Figure
from bench.worker_under_test import warm_worker

_PAGES = 400
_LINES = 40
_RUNS = 5
_FONT = "HeiseiKakuGo-W5"
_JAPANESE = "日本語の文書を全文検索するためのシステムです。毎日、多くの文書が登録されます。"
_ENGLISH = "The service reads every document once and keeps its text beside the index of the server."


def born_digital(home: Path) -> list[Figure]:
    """A 400-page PDF with text layers, CPU of the worker and all its children from message to index."""
    pdf = home / "born-digital.pdf"
    _write(pdf)
    seconds = []
    with warm_worker(home / "stack") as worker:
        for run in range(_RUNS):
            before = worker.cpu_s()
            worker.put(f"{run}.pdf", pdf.read_bytes() + f"\n% run {run}\n".encode())
            worker.finish(f"{run}.pdf")
            seconds.append(worker.cpu_s() - before)
    pages_s = _PAGES / statistics.median(seconds)
    return [
        Figure(
            what=f"born-digital PDF of {_PAGES} pages, message to index, pages per second and core",
            figure=f"{pages_s:.0f} ({min(seconds):.2f} to {max(seconds):.2f} CPU-s)",
            must=">= 100",
            met=pages_s >= 100,
        )
    ]


def _write(path: Path) -> None:
    """Every second page is Japanese; no page is like another."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    canvas = Canvas(str(path), pagesize=(595, 842))
    for page in range(_PAGES):
        font, text = (_FONT, _JAPANESE) if page % 2 else ("Helvetica", _ENGLISH)
        canvas.setFont(font, 10)
        for line in range(_LINES):
            canvas.drawString(50, 780 - 18 * line, f"{page + 1}.{line + 1} {text}")
        canvas.showPage()
    canvas.save()
