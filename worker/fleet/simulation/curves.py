"""Curves: backlog, instances and delay by time, one line a policy, as PNG and SVG."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import FuncFormatter

from worker.fleet.simulation.comparison import Comparison
from worker.fleet.simulation.result import Result

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
_STATIC_COLOUR = "#000000"
_DAY_H = 24.0
_LONG_H = 72.0
_MINUTE_S = 60.0
_HOUR_S = 3600.0
# Identifiers in the file are drawn from this instead of from chance: the same seed, the same file.
_SVG_SALT = "cis-worker"
# Titles and names may be Japanese, for which matplotlib's own font has no glyphs.
_JAPANESE_FONTS = ("IPAexGothic", "IPAGothic", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "MS Gothic")


def draw_curves(comparison: Comparison, folder: Path, name: str) -> list[Path]:
    """Write `name`.png and `name`.svg; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    known = set(fontManager.get_font_names())
    families = ["DejaVu Sans", *(font for font in _JAPANESE_FONTS if font in known)]
    with (
        mpl.rc_context(
            {
                "svg.hashsalt": _SVG_SALT,
                "svg.fonttype": "path",
                "font.family": families,
                # A dollar in a title begins no formula.
                "text.parse_math": False,
            }
        ),
        warnings.catch_warnings(),
    ):
        # A glyph that no font has becomes a box, which says as much as a warning.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = _make_figure(comparison)
        figure.savefig(paths[0], dpi=120)
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def _make_figure(comparison: Comparison) -> Figure:
    scenario = comparison.scenario
    figure = Figure(figsize=(11, 9), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_plain(scenario.title), fontsize=13)
    axes: Sequence[Axes] = figure.subplots(3, 1, sharex=True)
    results = [*comparison.results, *([comparison.static] if comparison.static else [])]
    longest_h = max(float(result.curves.hours.max(initial=0.0)) for result in results)
    unit_h = _DAY_H if longest_h > _LONG_H else 1.0
    is_slow = scenario.target.delay_s > 6 * _HOUR_S
    unit_s = _HOUR_S if is_slow else _MINUTE_S
    for number, result in enumerate(results):
        _draw(axes, result, comparison, number=number, units=(unit_h, unit_s))
    axes[0].set_ylabel("documents waiting\nor in flight")
    axes[0].set_yscale("symlog", linthresh=10)
    axes[1].set_ylabel("instances in service")
    axes[2].set_ylabel(f"delay of 95 % of the documents\nof that time, {'hours' if is_slow else 'minutes'}")
    target = scenario.target.delay_s / unit_s
    axes[2].axhline(target, color="#888888", linestyle=":", linewidth=1.2)
    axes[2].annotate("target", (0.995, target), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    axes[2].set_yscale("symlog", linthresh=1)
    axes[2].set_xlabel("days" if unit_h == _DAY_H else "hours")
    for each in (axes[0], axes[2]):
        each.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
    for each in axes:
        each.set_ylim(bottom=0)
        each.set_xlim(left=0)
        each.grid(visible=True, color="#e5e5e5", linewidth=0.6)
        each.spines[["top", "right"]].set_visible(False)
    axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=9)
    return figure


def _plain(text: str) -> str:
    """The text without control characters."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _draw(
    axes: Sequence[Axes], result: Result, comparison: Comparison, *, number: int, units: tuple[float, float]
) -> None:
    curves, (unit_h, unit_s) = result.curves, units
    is_static, is_chosen = result is comparison.static, result is comparison.chosen
    colour = _STATIC_COLOUR if is_static else _COLOURS[number % len(_COLOURS)]
    label = _plain(result.policy)
    if is_static:
        label += f": {result.peak_instances} instances"
    elif is_chosen:
        label += " (chosen)"
    hours = curves.hours / unit_h
    delays = np.where(np.isfinite(curves.delays_s), curves.delays_s, np.nan) / unit_s
    lines = [
        *axes[0].plot(hours, curves.backlogs, label=label),
        *axes[1].plot(hours, curves.in_service, drawstyle="steps-post"),
        *axes[2].plot(hours, delays),
    ]
    for line in lines:
        line.set(color=colour, linestyle="--" if is_static else "-", linewidth=2.2 if is_chosen else 1.2)
