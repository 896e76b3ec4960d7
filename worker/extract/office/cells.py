"""Cells of a workbook's sheets, streamed: shared strings, number formats and rows."""

from __future__ import annotations

import re

from worker.errors import Code
from worker.extract.office.number_format import format_code, format_number, hides_text
from worker.extract.office.ooxml_package import UNREADABLE, Element, Package, free, local_name
from worker.extract.office.sheet.formula_values import FormulaValues, Values
from worker.extract.text.normalise import clean

# ECMA-376 part 1, 22.9.2.19; text that resembles an escape has its own underscore escaped.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TEXTS = ("s", "str", "inlineStr")
_PRINTED = tuple(f"{pages}{place}" for pages in ("first", "odd", "even") for place in ("Header", "Footer"))
"""What is printed above and below each sheet."""
_PRINTED_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d+|[A-Za-z&])')
"""Fonts, colours, sizes, and places for page numbers, dates and names (ECMA-376 part 1, 18.3.1.39)."""
_BOOLEANS = {"1": "TRUE", "0": "FALSE"}


class CellReader:
    """Reads sheets one after the other; characters and cells are counted over all of them.

    Raises what `ooxml_package.UNREADABLE` names when the workbook itself is damaged. Damaged strings or
    formats are left out.
    """

    def __init__(
        self,
        package: Package,
        main: str,
        *,
        max_chars: int,
        max_cells: int,
        values: FormulaValues | None = None,
    ) -> None:
        self._package = package
        self._chars_left = max_chars
        self._cells_left = max_cells
        self._row_chars = 0
        self._lacks_values = False
        self._values = values
        self._computed: Values | None = None
        self._part = ""
        self._is_1904 = _uses_1904_dates(package, main)
        self._strings = _read_shared_strings(package, main, max_chars=max_chars)
        self._formats = _formats(package, main)

    def rows(self, part: str) -> tuple[list[str], Code | None]:
        """The rows that have text, and the reason where some are missing (`corrupt`, `formulas` ...)."""
        lines: list[str] = []
        reason: Code | None = None
        self._lacks_values = False
        self._part, self._computed = part, None
        cells: list[str] = []
        try:
            for element in self._package.elements(part, ("c", "row", *_PRINTED)):
                if local_name(element) in _PRINTED:
                    self._end_row([header_text(element.text or "")], lines)
                elif local_name(element) == "c":
                    cells.append(self._cell(element))
                    self._cells_left -= 1
                    self._row_chars += len(cells[-1])
                else:
                    self._end_row(cells, lines)
                    cells.clear()
                free(element)
                reason = self._limit_reason()
                if reason:
                    break
        except UNREADABLE:
            reason = Code.CORRUPT
        self._end_row(cells, lines)
        missing = self._values.missing if self._values is not None else Code.FORMULAS
        return lines, reason or (missing if self._lacks_values else None)

    def _end_row(self, cells: list[str], lines: list[str]) -> None:
        line = "\t".join(cells).strip("\t")
        self._row_chars = 0
        if line:
            lines.append(line)
            self._chars_left -= len(line) + 1

    def _limit_reason(self) -> Code | None:
        if self._cells_left < 0:
            return Code.BOMB
        # One row may refer to the same long string a thousand times, so the limit holds within a row, too.
        return Code.TOO_LARGE if self._chars_left < self._row_chars else None

    def _cell(self, cell: Element) -> str:
        """The cell as displayed, on one line; of a formula, its saved value, else the computed one."""
        kind = str(cell.get("t") or "n")
        style = int(cell.get("s") or 0)
        known = self._formats[style] if 0 <= style < len(self._formats) else "General"
        if kind in _TEXTS and hides_text(known):
            return ""
        if kind == "inlineStr":
            return _on_one_line(plain_text(cell))
        value = str(next((child.text for child in cell if local_name(child) == "v"), None) or "")
        # An empty text is a value, too.
        if not value and kind == "n" and any(local_name(child) == "f" for child in cell):
            kind, value = self._compute(str(cell.get("r")))
        if not value or (kind in _TEXTS and hides_text(known)):
            return ""
        if kind == "s":
            return self._string_at(value)
        if kind == "b":
            return _BOOLEANS.get(value.strip(), value)
        if kind == "n":
            return format_number(value, format_code=known, is_1904=self._is_1904)
        return _on_one_line(_unescape(value))

    def _compute(self, name: str) -> tuple[str, str]:
        """Kind and value of a formula's cell without a value; an empty one where it is not known."""
        if self._computed is None:
            self._computed = self._values.of_sheet(self._part) if self._values is not None else {}
        self._lacks_values = self._lacks_values or name not in self._computed
        return self._computed.get(name, ("n", ""))

    def _string_at(self, index: str) -> str:
        number = int(index)
        return self._strings[number] if 0 <= number < len(self._strings) else ""


def header_text(text: str) -> str:
    """A header or footer on one line, without its codes; its three parts are apart."""

    def replace_code(code: re.Match[str]) -> str:
        return "&" if code[0] == "&&" else " " if code[0] in ("&L", "&C", "&R") else ""

    return _on_one_line(_PRINTED_CODE.sub(replace_code, text)).strip()


def plain_text(element: Element) -> str:
    """The text of all runs, without furigana."""
    pieces = (
        text.text or ""
        for text in element.iter("{*}t")
        if (parent := text.getparent()) is None or local_name(parent) != "rPh"
    )
    return _unescape("".join(pieces))


def _unescape(text: str) -> str:
    """Text with escapes resolved for characters that XML cannot hold, such as _x000D_ (carriage return)."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)


def _read_shared_strings(package: Package, main: str, *, max_chars: int) -> list[str]:
    """The strings that cells refer to by number, each on one line; up to the limit of a document."""
    strings: list[str] = []
    chars_left = max_chars
    for part in package.targets(main, "sharedStrings")[:1]:
        try:
            for element in package.elements(part, ("si",)):
                strings.append(_on_one_line(plain_text(element)))
                chars_left -= len(strings[-1])
                free(element)
                if chars_left < 0:
                    break
        except UNREADABLE:
            continue
    return strings


def _formats(package: Package, main: str) -> list[str]:
    """The number format of each cell style."""
    for part in package.targets(main, "styles")[:1]:
        try:
            root = package.tree(part)
            own = {
                int(element.get("numFmtId") or 0): str(element.get("formatCode") or "")
                for element in root.iter("{*}numFmt")
            }
            styles = next(root.iter("{*}cellXfs"), ())
            return [format_code(int(style.get("numFmtId") or 0), own) for style in styles]
        except UNREADABLE:
            continue
    return []


def _uses_1904_dates(package: Package, main: str) -> bool:
    """Whether dates are counted from 1904, as early programs on the Macintosh did."""
    properties = next(package.tree(main).iter("{*}workbookPr"), None)
    return properties is not None and properties.get("date1904") in ("1", "true")


def _on_one_line(text: str) -> str:
    return " ".join(clean(text).split())
