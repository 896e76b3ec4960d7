r"""Text of Word's EQ fields (old furigana, enclosed characters, fractions), which have no saved result.

`EQ \o\ac(○,印)` draws one over the other, `EQ \o\ad(\s\up 9(とうきょう),東京)` the first above the second:
the text is the last one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from worker.extract.office.ooxml_package import Element, local_attribute, local_name

_EQUATION = re.compile(r"\s*eq\s", re.IGNORECASE)
_GENERAL_SWITCH = re.compile(r'\\\*\s*(?:"[^"]*"|\S+)')
_TOKEN = re.compile(r"\\([a-z]+)(?:\s*-?\d+)?\s*|\\(.)|([(),;])|([^\\(),;]+)", re.IGNORECASE)
_MAX_DEPTH = 20


@dataclass(kw_only=True, slots=True)
class _Field:
    codes: list[Element] = field(default_factory=list)
    has_result: bool = False

    def take_code(self) -> str:
        """The code, which is removed from the document."""
        # The paragraphs of a text box are inside another paragraph, and would be evaluated twice.
        code = "".join(element.text or "" for element in self.codes)
        for element in self.codes:
            element.text = ""
        return code


def insert_equation_texts(paragraph: Element) -> None:
    """Add the text of a paragraph's EQ fields to its runs."""
    if next(paragraph.iter("{*}instrText", "{*}fldSimple"), None) is None:
        return
    open_fields: list[_Field] = []
    for element in list(paragraph.iter("{*}fldChar", "{*}instrText", "{*}t", "{*}fldSimple")):
        tag = local_name(element)
        if tag == "fldSimple":
            if next(element.iter("{*}t"), None) is None:
                _append_text(element, local_attribute(element, "instr"))
        elif tag == "fldChar" and local_attribute(element, "fldCharType") == "begin":
            open_fields.append(_Field())
        elif not open_fields:
            continue
        elif tag == "instrText":
            open_fields[-1].codes.append(element)
        elif tag == "t":
            open_fields[-1].has_result = True
        elif local_attribute(element, "fldCharType") == "end":
            ended = open_fields.pop()
            if not ended.has_result:
                _append_text(element.getparent(), ended.take_code())


def _append_text(parent: Element, code: str) -> None:
    if _EQUATION.match(code):
        etree.SubElement(parent, "t").text = equation_text(code)


def equation_text(code: str) -> str:
    """The text that the code of an EQ field displays."""
    tokens = _TOKEN.findall(_GENERAL_SWITCH.sub("", _EQUATION.sub("", code, count=1)))
    tokens.reverse()
    return "".join(_arguments(tokens, depth=0)).strip()


def _arguments(tokens: list[tuple[str, str, str, str]], *, depth: int) -> list[str]:
    """The arguments up to the closing bracket; tokens are taken from the end of the list."""
    arguments, drawing = [""], ""
    while tokens:
        switch, escaped, punctuation, text = tokens.pop()
        if switch:
            # The first switch draws, those after it are its options.
            drawing = drawing or switch.lower()
        elif punctuation == "(" and drawing and depth < _MAX_DEPTH:
            arguments[-1] += _combine(drawing, _arguments(tokens, depth=depth + 1))
            drawing = ""
        elif punctuation == ")" and depth:
            break
        elif punctuation and punctuation in ",;" and depth:
            arguments.append("")
        else:
            arguments[-1] += escaped or punctuation or text
    return arguments


def _combine(switch: str, arguments: list[str]) -> str:
    if switch == "o":
        return arguments[-1]
    return ("/" if switch == "f" else "").join(arguments)
