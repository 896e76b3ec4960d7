"""Workbooks in the XML of Excel 2003 (XML Spreadsheet), which many systems export as .xls: a page a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from worker.errors import Code, RejectedError
from worker.extract.office.cells import header_text
from worker.extract.office.number_format import format_number, hides_text
from worker.extract.office.ooxml_package import (
    SAFE_XML,
    UNREADABLE,
    Element,
    free,
    local_attribute,
    local_name,
)
from worker.extract.office.pages import PageText
from worker.extract.page_source import PageSource, no_preview
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean
from worker.extract.text.text_page import file_page, refuse_render

_TAGS = ("Worksheet", "Row", "Style", "Header", "Footer")
_NAMED_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("General Date", "Short Date", "Medium Date", "Long Date"), "yyyy/m/d"),
        **dict.fromkeys(("Short Time", "Medium Time", "Long Time"), "h:mm"),
        "Percent": "0%",
        **dict.fromkeys(
            ("General Number", "Currency", "Euro Currency", "Fixed", "Standard", "Scientific"), "General"
        ),
        **dict.fromkeys(("Yes/No", "True/False", "On/Off"), "General"),
    }
)
_FIRST_DAYS = ("1899-12-30", "1899-12-31")
"""The date of a time of day."""
_BOOLEANS = {"1": "TRUE", "0": "FALSE"}


def open_excel_2003(path: Path, options: ReadOptions) -> PageSource:
    """A page a sheet: its name, its cells row by row (tabs between), its comments.

    Raises RejectedError (`corrupt`) where it has no sheet.
    """
    reader = _SheetReader(options.limits.max_text_chars)
    texts = list(reader.pages(path))
    if not texts:
        raise RejectedError(f"{path.name}: a workbook without sheets")
    pages = [
        file_page(number, text.text, options, reason=text.reason)
        for number, text in enumerate(texts, start=1)
    ]
    return PageSource(
        page_count=len(pages), pages=iter(pages), render=refuse_render, preview=no_preview, is_read=True
    )


class _SheetReader:
    """Reads the sheets one after the other, with the number formats before them."""

    def __init__(self, max_chars: int) -> None:
        self._chars_left = max_chars
        self._formats: dict[str, str] = {}
        self._lines: list[str] = []
        self._comments: list[str] = []
        self._lacks_values = False

    def pages(self, path: Path) -> Iterator[PageText]:
        """The text of each sheet; what is before a damaged place is kept, with the reason."""
        name: str | None = None
        try:
            tags = [f"{{*}}{tag}" for tag in _TAGS]
            for event, element in etree.iterparse(str(path), events=("start", "end"), tag=tags, **SAFE_XML):
                tag = local_name(element)
                if event == "start":
                    name = local_attribute(element, "Name") if tag == "Worksheet" else name
                    continue
                if tag == "Worksheet":
                    yield self._page(name or "", None)
                    name = None
                elif self._chars_left >= 0:
                    self._read(tag, element)
                if tag != "Style":
                    free(element)
        except UNREADABLE:
            if name is None:
                raise
            yield self._page(name, Code.CORRUPT)

    def _page(self, name: str, reason: Code | None) -> PageText:
        text = clean("\n".join(filter(None, (name, *self._lines, *self._comments))))
        cut = Code.TOO_LARGE if self._chars_left < 0 else None
        reason = reason or cut or (Code.FORMULAS if self._lacks_values else None)
        self._lines, self._comments, self._lacks_values = [], [], False
        return PageText(text=text, reason=reason)

    def _read(self, tag: str, element: Element) -> None:
        if tag == "Style":
            found = next(element.iter("{*}NumberFormat"), None)
            code = local_attribute(found, "Format") if found is not None else ""
            self._formats[local_attribute(element, "ID")] = _NAMED_FORMATS.get(code, code)
            return
        if tag == "Row":
            style = local_attribute(element, "StyleID")
            cells = [self._cell(cell, style) for cell in element if local_name(cell) == "Cell"]
            line = "\t".join(cells).strip("\t")
        else:
            line = header_text(local_attribute(element, "Data"))
        self._lines.append(line)
        self._chars_left -= len(line) + 1

    def _cell(self, cell: Element, row_style: str) -> str:
        text = ""
        format_code = self._formats.get(local_attribute(cell, "StyleID") or row_style, "")
        has_value = False
        for child in cell:
            if local_name(child) == "Data":
                has_value = True
                text = _format_data(child, format_code)
            elif local_name(child) == "Comment":
                self._comments.append(_on_one_line(child))
        self._lacks_values = self._lacks_values or (not has_value and bool(local_attribute(cell, "Formula")))
        return text


def _format_data(data: Element, format_code: str) -> str:
    kind, text = local_attribute(data, "Type"), _on_one_line(data)
    if kind == "Number":
        return format_number(text, format_code=format_code or "General")
    if kind == "Boolean":
        return _BOOLEANS.get(text, text)
    if kind == "DateTime":
        day, _, time = text.partition("T")
        time = time.partition(".")[0]
        if day in _FIRST_DAYS:
            return time
        return day if time in ("", "00:00:00") else f"{day} {time}"
    return "" if hides_text(format_code) else text


def _on_one_line(element: Element) -> str:
    return " ".join(clean("".join(element.itertext())).split())
