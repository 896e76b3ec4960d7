r"""What Word's EQ fields show (old furigana, signs in circles, fractions), of which no result is saved.

`EQ \o\ac(○,印)` draws one over the other, `EQ \o\ad(\s\up 9(とうきょう),東京)` the first above the second:
what is read is the last one. Other fields have their result beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from worker.extract.office.ooxml_package import Element, local_name

_EQUATION = re.compile(r"\s*eq\s", re.IGNORECASE)
_GENERAL_SWITCH = re.compile(r'\\\*\s*(?:"[^"]*"|\S+)')
_TOKEN = re.compile(r"\\([a-z]+)(?:\s*-?\d+)?\s*|\\(.)|([(),;])|([^\\(),;]+)", re.IGNORECASE)
_MAX_DEPTH = 20


@dataclass(kw_only=True, slots=True)
class _Field:
    codes: list[Element] = field(default_factory=list)
    has_result: bool = False

    def take_code(self) -> str:
        """The code, which is not there for a second pass (a text box's paragraph stands in another one)."""
        code = "".join(element.text or "" for element in self.codes)
        for element in self.codes:
            element.text = ""
        return code


def show_equations(paragraph: Element) -> None:
    """Put what the EQ fields of a paragraph show into its runs, as text."""
    if next(paragraph.iter("{*}instrText", "{*}fldSimple"), None) is None:
        return
    open_fields: list[_Field] = []
    for element in list(paragraph.iter("{*}fldChar", "{*}instrText", "{*}t", "{*}fldSimple")):
        tag = local_name(element)
        if tag == "fldSimple":
            if next(element.iter("{*}t"), None) is None:
                _put(element, _attribute(element, "instr"))
        elif tag == "fldChar" and _attribute(element, "fldCharType") == "begin":
            open_fields.append(_Field())
        elif not open_fields:
            continue
        elif tag == "instrText":
            open_fields[-1].codes.append(element)
        elif tag == "t":
            open_fields[-1].has_result = True
        elif _attribute(element, "fldCharType") == "end":
            ended = open_fields.pop()
            if not ended.has_result:
                _put(element.getparent(), ended.take_code())


def _put(parent: Element, code: str) -> None:
    if _EQUATION.match(code):
        etree.SubElement(parent, "t").text = equation_text(code)


def _attribute(element: Element, name: str) -> str:
    return next((str(value) for key, value in element.attrib.items() if key.endswith(f"}}{name}")), "")


def equation_text(code: str) -> str:
    """What the code of an EQ field shows."""
    tokens = _TOKEN.findall(_GENERAL_SWITCH.sub("", _EQUATION.sub("", code, count=1)))
    tokens.reverse()
    return "".join(_arguments(tokens, depth=0)).strip()


def _arguments(tokens: list[tuple[str, str, str, str]], *, depth: int) -> list[str]:
    """The arguments up to the bracket that closes them; tokens are taken from the end of the list."""
    arguments, drawing = [""], ""
    while tokens:
        switch, escaped, sign, text = tokens.pop()
        if switch:
            # The first switch draws, those behind it say where.
            drawing = drawing or switch.lower()
        elif sign == "(" and drawing and depth < _MAX_DEPTH:
            arguments[-1] += _drawn(drawing, _arguments(tokens, depth=depth + 1))
            drawing = ""
        elif sign == ")" and depth:
            break
        elif sign and sign in ",;" and depth:
            arguments.append("")
        else:
            arguments[-1] += escaped or sign or text
    return arguments


def _drawn(switch: str, arguments: list[str]) -> str:
    if switch == "o":
        return arguments[-1]
    return ("/" if switch == "f" else "").join(arguments)
