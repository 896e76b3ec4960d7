"""Text of DrawingML: shapes, tables, charts and SmartArt of slides, notes and sheets.

Shapes are walked in the order of the file, which is PowerPoint's reading order.
"""

from __future__ import annotations

from collections.abc import Collection

from worker.extract.office.ooxml_package import UNREADABLE, Element, Package, local_name, relation_id

_PAGE_NUMBER, _DATES = "slidenum", "datetime"
"""Kinds of fields, by how their types begin."""
# The parts of a chart that have text: titles, categories, and the names of series.
_CHART_TEXTS = ("title", "cat", "tx")


def drawing_text(
    package: Package, part: str, *, skip: Collection[str] = ("sldNum",), has_dates: bool = True
) -> str:
    """The text of all shapes of a part, one paragraph a line, without the placeholders of types in `skip`.

    Without `has_dates` fields of date and time are left out: a conversion wrote its own moment into them.

    Raises what `ooxml_package.UNREADABLE` names when the part itself is damaged.
    """
    walk = _Walk(package, part, skip, fields=(_PAGE_NUMBER,) if has_dates else (_PAGE_NUMBER, _DATES))
    walk.visit(package.tree(part))
    return "\n".join(line for line in walk.lines if line.strip())


def chart_text(package: Package, part: str) -> str:
    """A chart's texts, each once; "" for a chart that cannot be read."""
    try:
        root = package.tree(part)
        words = [
            "".join(found.itertext()).strip()
            for place in root.iter(*(f"{{*}}{name}" for name in _CHART_TEXTS))
            for found in place.iter("{*}p", "{*}v")
        ]
    except UNREADABLE:
        return ""
    return "\n".join(dict.fromkeys(filter(None, words)))


class _Walk:
    """The walk through one part."""

    def __init__(
        self, package: Package, part: str, skip: Collection[str], *, fields: tuple[str, ...]
    ) -> None:
        self.lines: list[str] = []
        self._package = package
        self._skip = skip
        self._fields = fields
        self._relations = package.relations(part)

    def visit(self, element: Element) -> None:
        tag = local_name(element)
        if tag == "p":
            self.lines.extend(_paragraph(element, self._fields).split("\n"))
        elif tag == "tr":
            cells = (_cell_text(cell, self._fields) for cell in element if local_name(cell) == "tc")
            self.lines.append("\t".join(cells).rstrip("\t"))
        elif tag == "AlternateContent":
            self._visit_alternatives(element)
        elif tag == "sp" and _placeholder(element) in self._skip:
            return
        elif tag == "text":  # of a comment
            self.lines.append("".join(element.itertext()))
        elif tag == "chart":
            self._add_target(relation_id(element), is_chart=True)
        elif tag == "relIds":
            self._add_target(relation_id(element, "dm"), is_chart=False)
        else:
            for child in element:
                self.visit(child)

    def _visit_alternatives(self, element: Element) -> None:
        """The same content for newer and older programs: the first version that has text."""
        for version in element:
            before = len(self.lines)
            for child in version:
                self.visit(child)
            if len(self.lines) > before:
                return

    def _add_target(self, key: str, *, is_chart: bool) -> None:
        relation = self._relations.pop(key, None)
        if relation is None:
            return
        if is_chart:
            self.lines.append(chart_text(self._package, relation.target))
            return
        try:
            paragraphs = self._package.tree(relation.target).iter("{*}p")
            self.lines.extend(map(_paragraph, paragraphs))
        except UNREADABLE:
            # Damaged SmartArt must not cost the text of the slide.
            return


def _paragraph(element: Element, fields: tuple[str, ...] = (_PAGE_NUMBER,)) -> str:
    """The runs of a paragraph, without fields of these kinds and fallback versions."""
    pieces: list[str] = []
    for child in element:
        tag = local_name(child)
        if tag == "t":
            pieces.append(child.text or "")
        elif tag == "br":
            pieces.append("\n")
        elif tag != "Fallback" and not (tag == "fld" and (child.get("type") or "").startswith(fields)):
            pieces.append(_paragraph(child, fields))
    return "".join(pieces)


def _cell_text(cell: Element, fields: tuple[str, ...]) -> str:
    """The text of a table's cell, on one line."""
    return " ".join(" ".join(_paragraph(each, fields) for each in cell.iter("{*}p")).split())


def _placeholder(shape: Element) -> str | None:
    found = next(shape.iter("{*}ph"), None)
    return None if found is None else found.get("type")
