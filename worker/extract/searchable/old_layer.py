"""The invisible text that a scanned page has already, taken out before a new layer is put in its place.

What is drawn stays as it is; only operators that show text without drawing it are taken out, of the page and
of the forms that it draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Operator, Page, Pdf

_INVISIBLE = 3
_SHOWS = frozenset({"Tj", "TJ", "'", '"'})
_ENCODING = ("/Length", "/Filter", "/DecodeParms")
_MAX_DEPTH = 12
_ERRORS = (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, LookupError)

Instructions = list[Any]


def remove_invisible_text(pdf: Pdf, page: Page) -> None:
    """Take the text that is not drawn out of a page; a content that cannot be parsed is kept as it is."""
    with suppress(*_ERRORS):
        _remove(pdf, page)


def _remove(pdf: Pdf, page: Page) -> None:
    filtered = _Filter(pdf=pdf, resources=page.resources)
    kept = filtered.run(pikepdf.parse_content_stream(page), mode=0, depth=0)
    if filtered.changed:
        page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(kept))
        page.obj.Resources = filtered.new_resources()


@dataclass(kw_only=True, slots=True)
class _Filter:
    """The content of a page or a form without its invisible text."""

    pdf: Pdf
    resources: Any
    forms: dict[str, Any] = field(default_factory=dict)
    """The forms of its resources that are replaced."""
    changed: bool = False

    def run(self, instructions: Iterable[Any], *, mode: int, depth: int) -> Instructions:
        """What is left of the instructions; the text is shown by `mode` at first."""
        kept: Instructions = []
        saved: list[int] = []
        for each in instructions:
            operator = str(each.operator)
            if operator == "Tr" and each.operands:
                mode = int(each.operands[0])
            elif operator == "q":
                saved.append(mode)
            elif operator == "Q" and saved:
                mode = saved.pop()
            elif operator == "Do":
                self._replace_form(str(each.operands[0]), mode=mode, depth=depth)
            if operator in _SHOWS and mode == _INVISIBLE:
                self.changed = True
                if operator in ("'", '"'):
                    kept.append(pikepdf.ContentStreamInstruction([], Operator("T*")))
                continue
            kept.append(each)
        return kept

    def new_resources(self) -> Any:
        """The resources with the forms that were replaced."""
        entries = dict(self.resources.items())
        if self.forms:
            entries["/XObject"] = Dictionary({**dict(entries["/XObject"].items()), **self.forms})
        return Dictionary(entries)

    def _replace_form(self, name: str, *, mode: int, depth: int) -> None:
        form = self.resources.get("/XObject", {}).get(name)
        if depth >= _MAX_DEPTH or name in self.forms or form is None or form.get("/Subtype") != Name.Form:
            return
        inner = _Filter(pdf=self.pdf, resources=form.get("/Resources", self.resources))
        kept = inner.run(pikepdf.parse_content_stream(form), mode=mode, depth=depth + 1)
        if not inner.changed:
            return
        entries = {key: value for key, value in form.items() if key not in _ENCODING}
        new = self.pdf.make_stream(pikepdf.unparse_content_stream(kept), entries)
        new.Resources = inner.new_resources()
        self.forms[name] = self.pdf.make_indirect(new)
        self.changed = True
