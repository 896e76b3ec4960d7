"""A flame graph as one SVG file that a browser shows without a script or a font of its own.

The roots are on top. A frame is as wide as the CPU of all that was called below it, and says so in its title,
which a browser shows under the pointer. Neighbours are in the order of their names: they mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from worker.runtime.profiling.stack_sampler import SEPARATOR

_WIDTH, _MARGIN, _TOP = 1_200.0, 10.0, 56.0
_ROW, _BAR = 17.0, 16.0
_CHAR = 7.3
_LEAST_WIDTH = 0.4
"""Of a frame that is drawn, in pixels; the narrower ones are part of what called them."""

_COLOURS = (
    ("worker/", "#f4a259"),
    ("programs", "#8cb369"),
    ("(", "#cfcfcf"),
)
_OTHER = "#8fb8de"
_STYLE = (
    "text{font:12px 'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#222}"
    "rect{stroke:#fff;stroke-width:.6}g:hover>rect{stroke:#222;stroke-width:1.4}"
    ".title{font:bold 16px sans-serif}.note{font:12px sans-serif;fill:#555}"
)


@dataclass(kw_only=True, slots=True)
class _Frame:
    name: str
    used_s: float = 0.0
    callees: dict[str, _Frame] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    frame: _Frame
    x: float
    depth: int


def flame_graph(stacks: Mapping[str, float], *, title: str) -> str:
    """The SVG of stacks with their CPU seconds."""
    root = _tree(stacks)
    scale = (_WIDTH - 2 * _MARGIN) / root.used_s if root.used_s else 0.0
    places = [place for place in _places(root, scale) if place.frame.used_s * scale >= _LEAST_WIDTH]
    height = _TOP + _ROW * (1 + max((place.depth for place in places), default=0)) + _MARGIN
    note = (
        f"{root.used_s:.2f} CPU-s. Orange: this project; blue: Python and its libraries; green: programs; "
        "grey: not a function. The pointer shows figures."
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" '
            f'width="{_WIDTH:.0f}" height="{height:.0f}">',
            f"<style>{_STYLE}</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            f'<text class="title" x="{_MARGIN}" y="24">{escape(title)}</text>',
            f'<text class="note" x="{_MARGIN}" y="44">{escape(note)}</text>',
            *(_drawing(place, scale, root.used_s) for place in places),
            "</svg>\n",
        )
    )


def _tree(stacks: Mapping[str, float]) -> _Frame:
    root = _Frame(name="all", used_s=sum(stacks.values()))
    for stack, used_s in stacks.items():
        frame = root
        for name in stack.split(SEPARATOR):
            frame = frame.callees.setdefault(name, _Frame(name=name))
            frame.used_s += used_s
    return root


def _places(root: _Frame, scale: float) -> Iterator[_Place]:
    # No recursion: a stack may be as deep as Python lets it.
    waiting = [_Place(frame=root, x=_MARGIN, depth=0)]
    while waiting:
        place = waiting.pop()
        yield place
        x = place.x
        for _, callee in sorted(place.frame.callees.items()):
            waiting.append(_Place(frame=callee, x=x, depth=place.depth + 1))
            x += callee.used_s * scale


def _drawing(place: _Place, scale: float, all_s: float) -> str:
    frame, width = place.frame, place.frame.used_s * scale
    y = _TOP + _ROW * place.depth
    own_s = frame.used_s - sum(callee.used_s for callee in frame.callees.values())
    figures = f"{frame.used_s:.3f} CPU-s ({_share(frame.used_s, all_s)}), itself {own_s:.3f}"
    letters = int((width - 4) / _CHAR)
    shown = _shorten(frame.name, letters) if letters >= 3 else ""
    text = f'<text x="{place.x + 3:.1f}" y="{y + 12:.1f}">{escape(shown)}</text>' if shown else ""
    return (
        f"<g><title>{escape(frame.name)}: {figures}</title>"
        f'<rect x="{place.x:.2f}" y="{y:.1f}" width="{width:.2f}" height="{_BAR}" '
        f'fill="{_colour(frame.name)}"/>'
        f"{text}</g>"
    )


def _shorten(name: str, letters: int) -> str:
    """The whole name, else the function without its file, else its beginning."""
    if len(name) <= letters:
        return name
    function = name.rpartition(":")[2]
    return function if len(function) <= letters else f"{function[: letters - 1]}…"


def _colour(name: str) -> str:
    return next((colour for start, colour in _COLOURS if name.startswith(start)), _OTHER)


def _share(part_s: float, all_s: float) -> str:
    return f"{100 * part_s / all_s:.1f} %" if all_s else "0 %"
