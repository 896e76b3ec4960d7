"""What is profiled: the files of each kind of work, as small as shows where its CPU goes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docx
import openpyxl
import pptx

from bench.scans import scan, scan_of_headings, unlike
from worker.samples.texts import SALES_REPORT

_SCAN_PAGES = 4
_TEXTS, _TEXT_BYTES = 100, 2_048
_OFFICE_FILES = 3
_PARAGRAPHS, _ROWS, _SLIDES = 200, 1_000, 30

Files = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """The files for the CPU, and the many light ones over which memory could grow."""

    for_cpu: Callable[[Path], Files]
    for_memory: Callable[[Path], Files]
    for_memory_settings: Mapping[str, str] = field(default_factory=dict)


def _scans(home: Path) -> Files:
    return {"scan.pdf": scan(home, _SCAN_PAGES)}


def _light_scans(home: Path) -> Files:
    page = scan_of_headings(home, 1)
    return {f"scan-{number}.pdf": unlike(page, number) for number in range(12)}


def _texts(_home: Path) -> Files:
    return {
        f"{number}.txt": (f"{number} 営業報告 ".encode() + "本文です。".encode() * 140)[:_TEXT_BYTES]
        for number in range(_TEXTS)
    }


def _office(_home: Path) -> Files:
    makers = {"docx": _word, "xlsx": _excel, "pptx": _powerpoint}
    return {
        f"{number}.{extension}": make(number)
        for number in range(_OFFICE_FILES)
        for extension, make in makers.items()
    }


def _light_office(_home: Path) -> Files:
    return {f"{number}.docx": _word(number, paragraphs=5) for number in range(30)}


def _word(number: int, paragraphs: int = _PARAGRAPHS) -> bytes:
    document = docx.Document()
    document.add_heading(f"文書 {number}", level=1)
    for at in range(paragraphs):
        document.add_paragraph(SALES_REPORT[at % len(SALES_REPORT)])
    return _saved(document)


def _excel(number: int) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in range(_ROWS):
        sheet.append([f"商品{number}-{row}", row, row * 1.08, "関東地区", "確認済み"])
    return _saved(book)


def _powerpoint(number: int) -> bytes:
    slides = pptx.Presentation()
    for page in range(_SLIDES):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = f"報告 {number}-{page}"
        slide.placeholders[1].text = SALES_REPORT[page % len(SALES_REPORT)]
    return _saved(slides)


def _saved(document: object) -> bytes:
    file = io.BytesIO()
    document.save(file)  # type: ignore[attr-defined]  # which each of the three libraries has
    return file.getvalue()


WORKLOADS: Mapping[str, Workload] = {
    "scan": Workload(for_cpu=_scans, for_memory=_light_scans),
    "text": Workload(for_cpu=_texts, for_memory=_texts),
    # LibreOffice draws thumbnails for seconds each; of the worker's memory that says nothing.
    "office": Workload(
        for_cpu=_office, for_memory=_light_office, for_memory_settings={"CIS_OFFICE_THUMBNAILS": "false"}
    ),
}
