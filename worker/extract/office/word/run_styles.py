"""What styles say of text: whether it is hidden, as by the text's own properties, or a placeholder."""

from __future__ import annotations

from collections.abc import Iterable

from worker.extract.office.ooxml_package import Element, local_attribute, local_name

_VANISH, _PLACEHOLDER = "vanish", "placeholder text"
_MAX_STYLES_IN_A_CHAIN = 20
OFF = frozenset({"0", "false", "off"})


class RunStyles:
    """The styles of one document; `styles` are their elements, of any format of Word."""

    def __init__(self, styles: Iterable[Element] = ()) -> None:
        self._hides: dict[str, bool | None] = {}
        self._parents: dict[str, str] = {}
        self._default = ""
        self._placeholders: set[str] = set()
        for style in styles:
            name = local_attribute(style, "styleId")
            self._hides[name] = vanishes(style)
            self._parents[name] = child_value(style, "basedOn")
            if child_value(style, "name").lower() == _PLACEHOLDER:
                self._placeholders.add(name)
            is_default = local_attribute(style, "default") or "0"
            if local_attribute(style, "type") == "paragraph" and is_default not in OFF:
                self._default = name

    def hide(self, run: Element, paragraph_style: str) -> bool:
        """Whether a run is hidden, by itself or by the styles of its characters and its paragraph."""
        own = vanishes(run)
        if own is not None:
            return own
        # Of such a property two styles that both have it cancel each other (ECMA-376 part 1, 17.7.3).
        return self._of_chain(_style_of(run)) != self._of_chain(paragraph_style or self._default)

    def is_placeholder(self, run: Element) -> bool:
        """Whether its style is that of text which asks for text, as "Click here to enter text"."""
        return _style_of(run) in self._placeholders

    def _of_chain(self, name: str) -> bool:
        for _ in range(_MAX_STYLES_IN_A_CHAIN):
            found = self._hides.get(name)
            if found is not None or name not in self._parents:
                return bool(found)
            name = self._parents[name]
        return False


def _style_of(run: Element) -> str:
    properties = next((child for child in run if local_name(child) == "rPr"), None)
    return "" if properties is None else child_value(properties, "rStyle")


def vanishes(element: Element) -> bool | None:
    """What an element's own properties say (w:vanish); None where they say nothing."""
    marks = [mark for child in element if local_name(child) == "rPr" for mark in child]
    values = [local_attribute(mark, "val") for mark in marks if local_name(mark) == _VANISH]
    return any(value not in OFF for value in values) if values else None


def child_value(element: Element, name: str) -> str:
    """The value of a child; "" where there is none."""
    found = next((child for child in element if local_name(child) == name), None)
    return "" if found is None else local_attribute(found, "val")
