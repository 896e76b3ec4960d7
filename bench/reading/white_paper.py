"""A long born-digital report in Japanese, like a government white paper: `write_report` makes the PDF."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from bench.reading.report_text import NOTES, figures_table, heading, paragraph, sentence
from worker.samples.fonts import Font, font_path

_MARGIN_PT = 52.0
_GUTTER_PT = 18.0
_BODY_PT, _TABLE_PT, _NOTE_PT, _HEADING_PT = 10.5, 8.5, 7.5, 14.0
_PITCH = 1.55
_NO_LINE_BEGINS_WITH = "、。）」％ー"
_BODIES, _HEADS = ("mincho", "gothic"), "gothic"


@dataclass(kw_only=True, slots=True)
class _Page:
    """One page while it is written: where the next line goes, and what was written."""

    canvas: Canvas
    body: str
    y_pt: float
    truth: list[str] = field(default_factory=list)

    def line(self, text: str, x_pt: float, size_pt: float, font: str) -> None:
        self.y_pt -= size_pt * _PITCH
        self.canvas.setFont(font, size_pt)
        self.canvas.drawString(x_pt, self.y_pt, text)
        self.truth.append(text)


def write_report(path: Path, pages: int, *, seed: int = 0) -> list[str]:
    """Write the report; the text of each page in reading order."""
    for name, font in (("mincho", Font.MINCHO), ("gothic", Font.GOTHIC)):
        pdfmetrics.registerFont(TTFont(name, str(font_path(font))))
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    truths = [
        _write_page(canvas, number, random.Random(f"{seed} {number}")) for number in range(1, pages + 1)
    ]
    canvas.save()
    return truths


def _write_page(canvas: Canvas, number: int, chance: random.Random) -> str:
    width_pt, height_pt = A4
    page = _Page(canvas=canvas, body=_BODIES[number % 2], y_pt=height_pt - _MARGIN_PT)
    page.line(heading(chance), _MARGIN_PT, _HEADING_PT, _HEADS)
    page.y_pt -= 8
    room_pt = width_pt - 2 * _MARGIN_PT
    kind = number % 3
    if kind == 0:  # two columns, then notes
        _columns(page, chance, room_pt, until_pt=_MARGIN_PT + 70)
    elif kind == 1:  # text, a table, text, notes
        _paragraphs(page, chance, _MARGIN_PT, room_pt, until_pt=height_pt * 0.62)
        _table(page, figures_table(chance, 9, 6), room_pt)
        _paragraphs(page, chance, _MARGIN_PT, room_pt, until_pt=_MARGIN_PT + 70)
    else:
        _paragraphs(page, chance, _MARGIN_PT, room_pt, until_pt=_MARGIN_PT + 70)
    page.y_pt = _MARGIN_PT + 60
    canvas.line(_MARGIN_PT, page.y_pt, _MARGIN_PT + room_pt / 3, page.y_pt)
    for _ in range(3):
        page.line(sentence(chance, NOTES), _MARGIN_PT, _NOTE_PT, page.body)
    canvas.setFont("gothic", 9)
    canvas.drawCentredString(width_pt / 2, _MARGIN_PT * 0.45, str(40 + number))
    page.truth.append(str(40 + number))
    canvas.showPage()
    return "\n".join(page.truth)


def _columns(page: _Page, chance: random.Random, room_pt: float, *, until_pt: float) -> None:
    column_pt = (room_pt - _GUTTER_PT) / 2
    top_pt = page.y_pt
    for number in range(2):
        page.y_pt = top_pt
        _paragraphs(
            page, chance, _MARGIN_PT + number * (column_pt + _GUTTER_PT), column_pt, until_pt=until_pt
        )


def _paragraphs(page: _Page, chance: random.Random, x_pt: float, room_pt: float, *, until_pt: float) -> None:
    """Paragraphs, until the page is full down to there; the last one is cut."""
    while page.y_pt - _BODY_PT * _PITCH > until_pt:
        for line in _lines("　" + paragraph(chance, 180), int(room_pt / _BODY_PT)):
            if page.y_pt - _BODY_PT * _PITCH <= until_pt:
                return
            page.line(line, x_pt, _BODY_PT, page.body)


def _lines(text: str, chars: int) -> list[str]:
    """The text in lines of so many square characters; digits take half of one."""
    lines, line, width = [], "", 0.0
    for char in text:
        char_width = 0.5 if ord(char) < 0x80 else 1.0
        if width + char_width > chars and char not in _NO_LINE_BEGINS_WITH:
            lines.append(line)
            line, width = "", 0.0
        line += char
        width += char_width
    return [*lines, line]


def _table(page: _Page, table: Sequence[Sequence[str]], room_pt: float) -> None:
    canvas = page.canvas
    row_pt = _TABLE_PT * 1.9
    name_pt = room_pt * 0.3
    cell_pt = (room_pt - name_pt) / (len(table[0]) - 1)
    page.y_pt -= 10
    top_pt = page.y_pt
    canvas.setFont("gothic", _TABLE_PT)
    for row in table:
        base_pt = page.y_pt - row_pt * 0.68
        canvas.drawString(_MARGIN_PT + 3, base_pt, row[0])
        for number, cell in enumerate(row[1:], start=1):
            canvas.drawRightString(_MARGIN_PT + name_pt + number * cell_pt - 3, base_pt, cell)
        page.truth.append(" ".join(row))
        page.y_pt -= row_pt
        canvas.line(_MARGIN_PT, page.y_pt, _MARGIN_PT + room_pt, page.y_pt)
    canvas.line(_MARGIN_PT, top_pt, _MARGIN_PT + room_pt, top_pt)
    for number in range(len(table[0])):
        x_pt = _MARGIN_PT + name_pt + number * cell_pt
        canvas.line(x_pt, top_pt, x_pt, page.y_pt)
    canvas.line(_MARGIN_PT, top_pt, _MARGIN_PT, page.y_pt)
    page.y_pt -= 6
