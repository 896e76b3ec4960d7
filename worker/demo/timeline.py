"""The interruption as an SVG: which worker OCRed which page when, and the time of the notice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from worker.demo.run_record import PageRead, RunRecord, WorkerRun

_INTERRUPTED = 1
_RIGHT_PX = 16.0
_TOP_PX = 46.0
_LANE_PX = 30.0
_GAP_PX = 26.0
_AXIS_PX = 34.0
_NUMBER_PX = 14.0
"""A block that is narrower has no room for the number of its page."""
_CHARACTER_PX = 8.0
"""A character of a label is no wider."""
_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Its size; the workers' names are in `left_px` beside their rows, or above them."""

    name: str
    width_px: float
    left_px: float
    tick_labels: int
    has_names_above: bool = False

    @property
    def above_px(self) -> float:
        """Room above each row."""
        return 22.0 if self.has_names_above else 0.0


WIDE = Layout(name="wide", width_px=1080.0, left_px=92.0, tick_labels=12)
NARROW = Layout(name="narrow", width_px=360.0, left_px=14.0, tick_labels=5, has_names_above=True)


def draw_timeline(record: RunRecord, layout: Layout) -> str:
    """An SVG element: a row for each worker, a lane for each page OCRed at a time."""
    scale = _Scale(layout, max(record.took_s, 1.0))
    parts: list[str] = []
    y_px = _TOP_PX
    for run in record.workers:
        y_px += layout.above_px
        lanes = arrange_lanes([read for read in record.reads if read.worker == run.number])
        height_px = max(1, len(lanes)) * _LANE_PX
        parts.append(_row(run, y_px, height_px, scale, record.took_s))
        if run.number == _INTERRUPTED:
            parts.append(_notice(record, y_px, height_px, scale))
        for number, lane in enumerate(lanes):
            parts += [_block(read, y_px + number * _LANE_PX, scale, record.scan_id) for read in lane]
        y_px += height_px + _GAP_PX
    bottom_px = y_px - _GAP_PX + 8
    axis = _axis(record.took_s, bottom_px, scale)
    return (
        f'<svg class="timeline {layout.name}" viewBox="0 0 {layout.width_px:.0f} {bottom_px + _AXIS_PX:.0f}" '
        f'role="img" aria-label="Which worker OCRed which page when">{axis}{"".join(parts)}</svg>'
    )


def arrange_lanes(reads: Sequence[PageRead]) -> list[list[PageRead]]:
    """Reads by time, in as few lanes as possible without an overlap inside of one."""
    lanes: list[list[PageRead]] = []
    for read in sorted(reads, key=lambda read: read.at_s - read.took_s):
        start_s = read.at_s - read.took_s
        # Log lines arrive a moment late, so neighbours may seem to overlap a little.
        free = next((lane for lane in lanes if lane[-1].at_s <= start_s + 0.35 * read.took_s), None)
        if free is None:
            lanes.append([read])
        else:
            free.append(read)
    return lanes


class _Scale:
    """Seconds to pixels."""

    def __init__(self, layout: Layout, took_s: float) -> None:
        self.layout = layout
        self._px_per_s = (layout.width_px - layout.left_px - _RIGHT_PX) / took_s

    def x(self, at_s: float) -> float:
        """The coordinate of a time."""
        return self.layout.left_px + max(0.0, at_s) * self._px_per_s


def _row(run: WorkerRun, y_px: float, height_px: float, scale: _Scale, took_s: float) -> str:
    begin_px = scale.x(run.started_s)
    end_px = scale.x(took_s if run.stopped_s is None else run.stopped_s)
    name_px = y_px - 10 if scale.layout.has_names_above else y_px + height_px / 2 + 5
    return (
        f'<text class="who" x="0" y="{name_px:.1f}">Worker {run.number}</text>'
        f'<rect class="life" x="{begin_px:.1f}" y="{y_px - 5:.1f}" rx="8" '
        f'width="{max(2.0, end_px - begin_px):.1f}" height="{height_px + 10:.1f}"/>'
    )


def _block(read: PageRead, y_px: float, scale: _Scale, scan_id: str) -> str:
    begin_px, end_px = scale.x(read.at_s - read.took_s), scale.x(read.at_s)
    width_px = max(3.0, end_px - begin_px - 1.5)
    of_scan = read.file_id == scan_id
    kind = f"w{read.worker}" if of_scan else "other"
    what = f"page {read.page} of the scan" if of_scan else f"page {read.page} of another file"
    label = (
        f'<text class="number" x="{begin_px + width_px / 2:.1f}" y="{y_px + _LANE_PX / 2 + 4:.1f}">'
        f"{read.page}</text>"
        if of_scan and width_px >= _NUMBER_PX
        else ""
    )
    return (
        f'<g><title>{escape(what)}, {read.took_s:.1f} s</title><rect class="page {kind}" '
        f'x="{begin_px:.1f}" y="{y_px + 2:.1f}" width="{width_px:.1f}" height="{_LANE_PX - 4:.1f}" rx="4"/>'
        f"{label}</g>"
    )


def _axis(took_s: float, bottom_px: float, scale: _Scale) -> str:
    step_s = next((step for step in _STEPS_S if took_s / step <= scale.layout.tick_labels), _STEPS_S[-1])
    ticks = []
    top_px = _TOP_PX - 8
    for number in range(math.floor(took_s / step_s) + 1):
        x_px = scale.x(number * step_s)
        ticks.append(
            f'<line class="tick" x1="{x_px:.1f}" x2="{x_px:.1f}" y1="{top_px:.1f}" y2="{bottom_px:.1f}"/>'
            f'<text class="time" x="{x_px:.1f}" y="{bottom_px + 18:.1f}">{number * step_s} s</text>'
        )
    return "".join(ticks)


def _notice(record: RunRecord, y_px: float, height_px: float, scale: _Scale) -> str:
    """The time the notice left, over the row of the interrupted worker."""
    if record.notice_s is None:
        return ""
    left_px = scale.x(record.notice_s)
    text = f"Spot notice: terminates in {record.notice_in_s or 0.0:.0f} s"
    is_late = left_px + _CHARACTER_PX * len(text) > scale.layout.width_px
    right_px = scale.x(min(record.took_s, record.notice_s + (record.notice_in_s or 0.0)))
    top_px, bottom_px = y_px - 12, y_px + height_px + 10
    text_px = top_px - 9 - scale.layout.above_px
    return (
        f'<rect class="notice" x="{left_px:.1f}" y="{top_px:.1f}" rx="3" '
        f'width="{max(1.0, right_px - left_px):.1f}" height="{bottom_px - top_px:.1f}"/>'
        f'<line class="notice-edge" x1="{left_px:.1f}" x2="{left_px:.1f}" '
        f'y1="{top_px:.1f}" y2="{bottom_px:.1f}"/>'
        f'<text class="notice-text" x="{left_px:.1f}" y="{text_px:.1f}" '
        f'text-anchor="{"end" if is_late else "start"}">'
        f"{text}</text>"
    )
