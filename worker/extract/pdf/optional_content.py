"""Optional content of a PDF (PDF 32000-1, 8.11): layers that a viewer does not show.

pdfium draws no content that is off, but its text has it, and it does not name the group of an object. It does
give the entries of the dictionary that a marked content refers to: those of hidden groups get one of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pikepdf

HIDDEN_KEY = b"CISHidden"
"""The entry of groups that are off, in a file that `hide_groups` changed."""

_HIDDEN_NAME = pikepdf.Name("/" + HIDDEN_KEY.decode("ascii"))
_MAX_OBJECTS = 1_000_000
# An expression of visibility may contain itself.
_MAX_DEPTH = 20
_ANNOTATION_IS_HIDDEN = 2

_Group = tuple[int, int]
"""The number and generation of a group's dictionary: groups are known by these, never by their names."""


def hide_groups(pdf: pikepdf.Pdf) -> bool:
    """Mark what is off in an open file; False where nothing is.

    Pictures and forms that are off are emptied, annotations hidden, and the state of each group is stated
    plainly, so that every reader of the file hides the same.
    """
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, pikepdf.Dictionary):
        return False
    groups = [group for group in _items(properties.get("/OCGs")) if isinstance(group, pikepdf.Dictionary)]
    off = _groups_off(properties.get("/D"), groups)
    if not off:
        return False
    for content in islice(_contents(pdf), _MAX_OBJECTS):
        _hide(content, off)
    configuration = properties.get("/D")
    if isinstance(configuration, pikepdf.Dictionary):
        for entry in ("/BaseState", "/ON", "/AS"):
            if entry in configuration:
                del configuration[entry]
        configuration["/OFF"] = pikepdf.Array([group for group in groups if group.objgen in off])
    return True


def _groups_off(configuration: Any, groups: list[Any]) -> frozenset[_Group]:
    if not isinstance(configuration, pikepdf.Dictionary):
        return frozenset()
    every = {group.objgen for group in groups}
    off = set(every) if configuration.get("/BaseState") == "/OFF" else set()
    off -= _group_ids(configuration.get("/ON"))
    off |= _group_ids(configuration.get("/OFF")) & every
    for usage in _items(configuration.get("/AS")):
        if isinstance(usage, pikepdf.Dictionary) and usage.get("/Event") == "/View":
            named = _group_ids(usage.get("/OCGs"))
            for group in groups:
                if group.objgen in named:
                    _apply_usage(group, off)
    # A group of another intent than viewing has no effect on what is viewed.
    return frozenset(off - {group.objgen for group in groups if not _is_for_viewing(group)})


def _apply_usage(group: Any, off: set[_Group]) -> None:
    usage = group.get("/Usage")
    view = usage.get("/View") if isinstance(usage, pikepdf.Dictionary) else None
    state = view.get("/ViewState") if isinstance(view, pikepdf.Dictionary) else None
    if state == "/OFF":
        off.add(group.objgen)
    elif state == "/ON":
        off.discard(group.objgen)


def _is_for_viewing(group: Any) -> bool:
    intent = group.get("/Intent")
    names = list(_items(intent)) if isinstance(intent, pikepdf.Array) else [intent]
    return intent is None or any(name in ("/View", "/All") for name in names)


def _items(array: Any) -> Iterator[Any]:
    if isinstance(array, pikepdf.Array):
        yield from islice(iter(array), _MAX_OBJECTS)


def _group_ids(array: Any) -> set[_Group]:
    return {item.objgen for item in _items(array) if isinstance(item, pikepdf.Dictionary)}


def _contents(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary and stream of the file, and the dictionaries that marked content refers to."""
    for obj in pdf.objects:
        if not isinstance(obj, pikepdf.Dictionary | pikepdf.Stream):
            continue
        yield obj
        yield from (item for item in _items(obj.get("/Annots")) if isinstance(item, pikepdf.Dictionary))
        for holder in (obj, obj.get("/Resources")):
            named = (
                holder.get("/Properties") if isinstance(holder, pikepdf.Dictionary | pikepdf.Stream) else None
            )
            if isinstance(named, pikepdf.Dictionary):
                yield from (value for value in named.values() if isinstance(value, pikepdf.Dictionary))


def _hide(content: Any, off: frozenset[_Group]) -> None:
    kind = content.get("/Type")
    if kind in ("/OCG", "/OCMD"):
        if _is_off(content, off):
            content[_HIDDEN_NAME] = 1
        return
    group = content.get("/OC")
    if not isinstance(group, pikepdf.Dictionary) or not _is_off(group, off):
        return
    if isinstance(content, pikepdf.Stream):
        _make_empty_form(content)
    elif "/Subtype" in content:
        content["/F"] = int(content.get("/F", 0)) | _ANNOTATION_IS_HIDDEN


def _make_empty_form(content: pikepdf.Stream) -> None:
    for entry in set(content.keys()) - {"/Length"}:
        del content[entry]
    content.write(b"")
    content["/Type"], content["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Form
    content["/BBox"] = pikepdf.Array([0, 0, 0, 0])


def _is_off(group: Any, off: frozenset[_Group]) -> bool:
    """Whether a group, or a membership of groups, hides its content."""
    if group.get("/Type") != "/OCMD":
        return group.objgen in off
    expression = group.get("/VE")
    if isinstance(expression, pikepdf.Array) and len(expression):
        return not _is_true(expression, off, _MAX_DEPTH)
    members = group.get("/OCGs")
    listed = list(_items(members)) if isinstance(members, pikepdf.Array) else [members]
    states = [member.objgen not in off for member in listed if isinstance(member, pikepdf.Dictionary)]
    if not states:
        return False
    rule = str(group.get("/P", "/AnyOn"))
    shown = {
        "/AllOn": all(states),
        "/AnyOff": not all(states),
        "/AllOff": not any(states),
    }.get(rule, any(states))
    return not shown


def _is_true(expression: Any, off: frozenset[_Group], depth: int) -> bool:
    if isinstance(expression, pikepdf.Dictionary):
        return expression.objgen not in off
    parts = list(_items(expression))
    if not parts or depth == 0:
        return True
    values = (_is_true(part, off, depth - 1) for part in parts[1:])
    operator = str(parts[0])
    if operator == "/Not":
        return not next(values, False)
    return any(values) if operator == "/Or" else all(values)
