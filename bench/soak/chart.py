"""The chart of a soak: memory by time, memory by documents with the slope, files and threads, as SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bench.soak.samples import Index, Sample
from bench.soak.soak import Record
from bench.soak.verdict import fork_server_level, lasting_level, slope_of, warm_series, worker_level

_COLOURS = {Index.OPENSEARCH: "#0072b2", Index.SQLITE: "#d55e00"}
_FORK_SERVER_COLOUR = "#009e73"
_MB = 1e6
# The same run gives the same file.
_SALT = "cis-worker"


def draw(record: Record, path: Path) -> None:
    """Write the chart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": _SALT, "svg.fonttype": "path"}):
        figure = Figure(figsize=(11, 10), layout="constrained")
        FigureCanvasSVG(figure)
        by_time, by_documents, counts = figure.subplots(3, 1)
        _draw_by_time(record, by_time)
        _draw_by_documents(record, by_documents)
        _draw_counts(record, counts)
        figure.suptitle(f"Soak of {record.plan.hours:.3g} h: {record.documents:,} documents, one worker")
        figure.savefig(path, metadata={"Date": None})


def _draw_by_time(record: Record, axes: Axes) -> None:
    labels = set()
    for generation in record.generations:
        minutes = [sample.at_s / 60 for sample in generation.samples]
        for name, level, colour in (
            (f"worker on {generation.index}", worker_level, _COLOURS[generation.index]),
            ("fork server", fork_server_level, _FORK_SERVER_COLOUR),
        ):
            values = [level(sample) / _MB for sample in generation.samples]
            axes.plot(minutes, values, color=colour, linewidth=1, label="" if name in labels else name)
            labels.add(name)
        if generation.killed and minutes:
            axes.axvline(minutes[-1], color="#999999", linewidth=0.6, linestyle=":")
    axes.set(title="Anonymous memory (dotted: kill -9)", xlabel="minutes", ylabel="MB")
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right", fontsize="small")


def _draw_by_documents(record: Record, axes: Axes) -> None:
    furthest = 0.0
    for generation in record.generations:
        documents, levels = warm_series(generation, record.plan, lasting_level)
        if generation.is_drain or not documents:
            continue
        offsets = (np.asarray(levels) - np.mean(levels)) / _MB
        axes.plot(documents, offsets, color=_COLOURS[generation.index], linewidth=0.8, alpha=0.6)
        furthest = max(furthest, documents[-1])
    slope = slope_of(record, lasting_level)
    if slope is not None:
        first = record.plan.cold(round(furthest))
        middle = (first + furthest) / 2
        x = np.linspace(first, furthest, 50)
        ends = [value * (x - middle) / _MB for value in (slope.low, slope.high)]
        axes.fill_between(x, np.minimum(*ends), np.maximum(*ends), color="#000000", alpha=0.2)
        axes.plot(x, slope.value * (x - middle) / _MB, color="#000000", linewidth=1.5)
        figures = f"{slope.value:+,.0f} B a document +- {slope.half_width:,.0f} B"
        title = f"Worker and fork server, from their mean: {figures}"
    else:
        title = "Worker and fork server, from their mean"
    axes.set(title=title, xlabel="documents of a generation, after its warm-up", ylabel="MB")


def _draw_counts(record: Record, axes: Axes) -> None:
    series: Mapping[str, tuple[Callable[[Sample], int | None], str]] = {
        "open files of the worker": (lambda sample: sample.open_files, "#0072b2"),
        "its threads": (lambda sample: sample.threads, "#cc79a7"),
        "temporary files": (lambda sample: sample.temporary_files, "#e69f00"),
    }
    for name, (count, colour) in series.items():
        for generation in record.generations:
            minutes = [sample.at_s / 60 for sample in generation.samples]
            values = [np.nan if (n := count(sample)) is None else n for sample in generation.samples]
            label = name if generation is record.generations[0] else ""
            axes.plot(minutes, values, color=colour, linewidth=0.8, label=label)
    axes.set(title="Files and threads", xlabel="minutes", ylabel="number")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right", fontsize="small")
