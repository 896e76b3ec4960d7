"""Optional content of a PDF (PDF 32000-1, 8.11): layers that a viewer does not show.

pdfium draws no content that is off, but its text has it, and it does not name the group of an object. It does
give the entries of the dictionary that a marked content refers to: those of hidden groups get one of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf

from worker.extract.pdf.group_states import GroupStates, Steps

HIDDEN_KEY = b"CISHidden"
"""The entry of groups that are off, in a file that `hide_groups` changed."""

_HIDDEN_NAME = pikepdf.Name("/" + HIDDEN_KEY.decode("ascii"))
_ANNOTATION_IS_HIDDEN = 2


def hide_groups(pdf: pikepdf.Pdf) -> bool:
    """Mark what is off in an open file; False where nothing is.

    Pictures and forms that are off are emptied, annotations hidden, and the state of each group is stated
    plainly, so that every reader of the file hides the same. Raises TooComplexError.
    """
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, pikepdf.Dictionary):
        return False
    steps = Steps()
    states = GroupStates(properties, steps)
    if not states.off:
        return False
    for content in _contents(pdf, steps):
        _hide(content, states)
    configuration = properties.get("/D")
    if isinstance(configuration, pikepdf.Dictionary):
        for entry in ("/BaseState", "/ON", "/AS"):
            if entry in configuration:
                del configuration[entry]
        configuration["/OFF"] = pikepdf.Array(
            [group for group in states.groups if group.objgen in states.off]
        )
    return True


def _contents(pdf: pikepdf.Pdf, steps: Steps) -> Iterator[Any]:
    """Every dictionary and stream of the file, and the dictionaries that marked content refers to."""
    for obj in steps.count(pdf.objects):
        if not isinstance(obj, pikepdf.Dictionary | pikepdf.Stream):
            continue
        yield obj
        yield from steps.groups(obj.get("/Annots"))
        for holder in (obj, obj.get("/Resources")):
            named = (
                holder.get("/Properties") if isinstance(holder, pikepdf.Dictionary | pikepdf.Stream) else None
            )
            if isinstance(named, pikepdf.Dictionary):
                values = steps.count(named.values())
                yield from (value for value in values if isinstance(value, pikepdf.Dictionary))


def _hide(content: Any, states: GroupStates) -> None:
    kind = content.get("/Type")
    if kind in ("/OCG", "/OCMD"):
        if states.is_off(content):
            content[_HIDDEN_NAME] = 1
        return
    group = content.get("/OC")
    if not isinstance(group, pikepdf.Dictionary) or not states.is_off(group):
        return
    if isinstance(content, pikepdf.Stream):
        _make_empty_form(content)
    elif "/Subtype" in content:
        flags = content.get("/F")
        content["/F"] = (flags if isinstance(flags, int) else 0) | _ANNOTATION_IS_HIDDEN


def _make_empty_form(content: pikepdf.Stream) -> None:
    for entry in set(content.keys()) - {"/Length"}:
        del content[entry]
    content.write(b"")
    content["/Type"], content["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Form
    content["/BBox"] = pikepdf.Array([0, 0, 0, 0])
