"""Text of DrawingML: shapes, tables, charts and SmartArt of slides, notes and sheets.

Shapes are walked in the order of the file, which is PowerPoint's reading order.
"""

from __future__ import annotations

from collections.abc import Collection

from worker.extract.office.ooxml_package import UNREADABLE, Element, Package, local_name, relation_id

_PAGE_NUMBER = "slidenum"
# The parts of a chart that have text: titles, categories, and the names of series.
_CHART_TEXTS = ("title", "cat", "tx")


def drawing_text(package: Package, part: str, *, skip: Collection[str] = ("sldNum",)) -> str:
    """The text of all shapes of a part, one paragraph a line, without the placeholders of types in `skip`.

    Raises what `ooxml_package.UNREADABLE` names when the part itself is damaged.
    """
    walk = _Walk(package, part, skip)
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

    def __init__(self, package: Package, part: str, skip: Collection[str]) -> None:
        self.lines: list[str] = []
        self._package = package
        self._skip = skip
        self._relations = package.relations(part)

    def visit(self, element: Element) -> None:
        tag = local_name(element)
        if tag == "p":
            self.lines.extend(_paragraph(element).split("\n"))
        elif tag == "tr":
            cells = (_cell_text(cell) for cell in element if local_name(cell) == "tc")
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


def _paragraph(element: Element) -> str:
    """The runs of a paragraph, without the slide's own number and fallback versions."""
    pieces: list[str] = []
    for child in element:
        tag = local_name(child)
        if tag == "t":
            pieces.append(child.text or "")
        elif tag == "br":
            pieces.append("\n")
        elif tag != "Fallback" and not (tag == "fld" and child.get("type") == _PAGE_NUMBER):
            pieces.append(_paragraph(child))
    return "".join(pieces)


def _cell_text(cell: Element) -> str:
    """The text of a table's cell, on one line."""
    return " ".join(" ".join(map(_paragraph, cell.iter("{*}p"))).split())


def _placeholder(shape: Element) -> str | None:
    found = next(shape.iter("{*}ph"), None)
    return None if found is None else found.get("type")
