"""Values of formulas that no program has computed, as in workbooks that programs write: by LibreOffice."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from worker.errors import Code, RejectedError
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.office.ooxml_package import (
    UNREADABLE,
    Package,
    free,
    local_name,
    open_package,
    relation_id,
)
from worker.extract.read_options import ReadOptions

Values = Mapping[str, tuple[str, str]]
"""By the name of its cell (B7), the kind of a value and the value, as SpreadsheetML has them."""

MAIN_PART = "xl/workbook.xml"
_CONVERSION = Conversion(suffix="xlsx", reader="Calc MS Excel 2007 XML", writer="xlsx:Calc MS Excel 2007 XML")
# More of it takes LibreOffice minutes.
_MAX_FORMULA_BYTES = 64 * 1024**2
_NONE: Values = MappingProxyType({})
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_FORMULA = re.compile(rb"(<(?:\w+:)?(?:f|definedName)\b[^>]*>)([^<]*)(</)")
_OF_THE_MOMENT = re.compile(rb"\b(?:TODAY|NOW|RAND|RANDBETWEEN|RANDARRAY|CELL|INFO)\s*\(", re.IGNORECASE)
_PAST_ERRORS = re.compile(
    rb"\b(?:IFERROR|IFNA|IS[A-Z]+|ERROR\.TYPE|AGGREGATE|COUNT[A-Z]*|(?:SUM|AVERAGE|MAX|MIN)IFS?|X?MATCH"
    rb"|[HVX]?LOOKUP|FILTER|SUBTOTAL|TYPE|FREQUENCY|FORMULATEXT|D(?:AVERAGE|COUNTA?|GET|MAX|MIN|PRODUCT|STDEVP?|SUM|VARP?))\s*\(",
    re.IGNORECASE,
)
"""Functions whose result is a value where one of their arguments is an error."""
_NO_VALUE = b"NA()"


class FormulaValues:
    """The values of one workbook, computed when the first is asked for.

    There are none where LibreOffice is missing or fails, and none of what depends on the moment or on the
    machine (TODAY, RAND, CELL): that would be another text at each reading, and never the file's own.
    """

    def __init__(
        self, path: Path, parts: Sequence[str], options: ReadOptions, *, main: str = MAIN_PART
    ) -> None:
        self._path = path
        self._main = main
        self._parts = parts
        self._timeout_s = options.limits.page_timeout_s / 2
        self._computed: tuple[Package, list[str]] | None = None
        self._is_tried = False
        self.missing = Code.FORMULAS
        """Why values are missing: `timeout` where another run may have them."""

    def of_sheet(self, part: str) -> Values:
        """The values of a sheet's formulas, but for errors."""
        if not self._is_tried:
            self._is_tried = True
            try:
                self._computed = self._compute()
            except RejectedError as error:
                self.missing = Code.TIMEOUT if error.code is Code.TIMEOUT else Code.FORMULAS
                return _NONE
            except UNREADABLE:
                return _NONE
        if self._computed is None:
            return _NONE
        package, parts = self._computed
        try:
            return _values(package, parts[self._parts.index(part)])
        except UNREADABLE:
            return _NONE

    def _compute(self) -> tuple[Package, list[str]] | None:
        """The computed workbook and its sheets in their order; None where it is not worth it."""
        path = _without_the_moment(self._path, {self._main, *self._parts})
        if path is None:
            return None
        package = open_package(convert(path, _CONVERSION, timeout_s=self._timeout_s))
        parts = sheet_parts(package, MAIN_PART)
        return (package, parts) if len(parts) == len(self._parts) else None


def sheet_parts(package: Package, main: str) -> list[str]:
    """The sheets in the order of their tabs, each part once."""
    by_id = package.relations(main)
    listed = (relation_id(element) for element in package.tree(main).iter("{*}sheet"))
    return list(dict.fromkeys(by_id[key].target for key in listed if key in by_id))


def _without_the_moment(path: Path, with_formulas: Collection[str]) -> Path | None:
    """The workbook with #N/A, which spreads to what depends on it, for formulas of the moment.

    None where a formula may make a value of the error again, and where the formulas are too large.
    """
    with zipfile.ZipFile(path) as archive:
        keys = {_key(part) for part in with_formulas}
        members = [member for member in archive.infolist() if _key(member.filename) in keys]
        if sum(member.file_size for member in members) > _MAX_FORMULA_BYTES:
            return None
        parts = {member.filename: _in_utf_8(archive.read(member)) for member in members}
        texts = [found[1] for part in parts.values() for found in _FORMULA.findall(part)]
        if not any(map(_OF_THE_MOMENT.search, texts)):
            return path
        if any(map(_PAST_ERRORS.search, texts)):
            return None
        copy = Path(tempfile.mkdtemp(prefix="formulas-")) / path.name
        with zipfile.ZipFile(copy, "w") as target:
            for member in archive.infolist():
                data = parts.get(member.filename)
                target.writestr(
                    member.filename,
                    archive.read(member) if data is None else _FORMULA.sub(_replace_formula, data),
                )
    return copy


def _key(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").lower()


def _in_utf_8(part: bytes) -> bytes:
    """A part in whose bytes formulas are found: those of all encodings but one are of ASCII."""
    if not part.startswith(_UTF_16):
        return part
    return _DECLARATION.sub("", part.decode("utf-16", "replace"), count=1).encode("utf-8", "replace")


def _replace_formula(formula: re.Match[bytes]) -> bytes:
    return formula[1] + _NO_VALUE + formula[3] if _OF_THE_MOMENT.search(formula[2]) else formula[0]


def _values(package: Package, part: str) -> Values:
    values: dict[str, tuple[str, str]] = {}
    for element in package.elements(part, ("c", "row")):
        if local_name(element) == "c":
            found = {local_name(child): child.text or "" for child in element}
            kind = str(element.get("t") or "n")
            if "f" in found and "v" in found and kind != "e":
                values[str(element.get("r"))] = (kind, found["v"])
        free(element)
    return values
