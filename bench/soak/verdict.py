"""The table of a soak: each figure, and whether its must was met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median

from bench.figure import Figure
from bench.soak.generation import LASTING_S
from bench.soak.plan import Plan
from bench.soak.samples import Generation, Index, Sample
from bench.soak.slope import Slope, estimate
from bench.soak.soak import LOG_BOUND_BYTES, Record

_WIDEST_BYTES = 1024.0
# Of a shorter soak the slopes are printed only: its generations are mostly warm-up.
_SHORTEST_CHECKED_H = 0.25
_FEWEST_SAMPLES = 8
# Connections of a pool are opened as they are needed at once, which may be late.
_FILES_A_THOUSAND = 5.0
_WAL_BYTES = 64 * 1024**2
# The tables grow to the size of their content, and its segments are merged now and then.
_SQLITE_BYTES_A_DOCUMENT = 4096.0
_SHOWN = 12

Level = Callable[[Sample], float | None]


def worker_level(sample: Sample) -> float:
    """Anonymous memory of the worker."""
    return float(sample.worker_bytes)


def fork_server_level(sample: Sample) -> float:
    """Anonymous memory of the fork server, with which every reader begins."""
    return float(sample.fork_server_bytes)


def lasting_level(sample: Sample) -> float:
    """Anonymous memory of what outlives a document."""
    return float(sample.worker_bytes + sample.fork_server_bytes)


def reader_level(sample: Sample) -> float | None:
    """Anonymous memory of the readers at that moment, on the mean."""
    return sum(sample.reader_bytes) / len(sample.reader_bytes) if sample.reader_bytes else None


def slope_of(record: Record, level: Level) -> Slope | None:
    """The common slope of a level over the long generations, over all where none is; without warm-up."""
    all_of_them = [each for each in record.generations if not each.is_drain and each.samples]
    long = [each for each in all_of_them if record.plan.is_long(each.samples[-1].documents)]
    series = [warm_series(each, record.plan, level) for each in long or all_of_them]
    return estimate(
        [(documents, levels) for documents, levels in series if len(documents) >= _FEWEST_SAMPLES]
    )


def warm_series(generation: Generation, plan: Plan, level: Level) -> tuple[list[float], list[float]]:
    """Documents and levels of a generation after its warm-up."""
    last = generation.samples[-1].documents if generation.samples else 0
    pairs = [
        (float(sample.documents), value)
        for sample in generation.samples
        if sample.documents > plan.cold(last) and (value := level(sample)) is not None
    ]
    return [documents for documents, _ in pairs], [value for _, value in pairs]


def figures(record: Record) -> list[Figure]:
    """All of them."""
    return [
        *_flow(record),
        *_memory(record),
        _open_files(record),
        _threads(record),
        _temporary(record),
        *_sqlite(record),
        _log(record),
        _zombies(record),
        _leftovers(record),
        *_ends(record),
    ]


def _flow(record: Record) -> list[Figure]:
    plan, counts = record.plan, [record.done[kind.name] for kind in record.kinds]
    kills = sum(generation.killed for generation in record.generations)
    return [
        Figure(
            what="documents finished: all / of the rarest kind (table below)",
            figure=f"{record.documents:,} in {record.seconds / 60:.0f} min / {min(counts)}",
            must=f">= {plan.documents_a_kind} of every kind",
            met=min(counts) >= plan.documents_a_kind,
        ),
        Figure(
            what="kills -9 of the worker", figure=f"{kills}", must=f">= {plan.kills}", met=kills >= plan.kills
        ),
    ]


def _memory(record: Record) -> list[Figure]:
    whole = _memory_figure(record, lasting_level, "worker with its fork server", is_wide_allowed=False)
    parts = [(worker_level, "worker alone"), (fork_server_level, "fork server alone")]
    return [
        whole,
        *(replace(_memory_figure(record, *part, is_wide_allowed=True), must="", met=None) for part in parts),
        _memory_figure(record, reader_level, "readers, one a document", is_wide_allowed=True),
    ]


def _memory_figure(record: Record, level: Level, name: str, *, is_wide_allowed: bool) -> Figure:
    slope = slope_of(record, level)
    values = [value for sample in _warm(record) if (value := level(sample)) is not None]
    what = f"memory of the {name}: slope with its 95 % interval, a document; median / most"
    must = "not above 0 beyond noise" + ("" if is_wide_allowed else ", within +- 1,024 B")
    if slope is None:
        return Figure(what=what, figure="too few samples", must=must, met=_checked(record, met=False))
    is_narrow = is_wide_allowed or slope.half_width <= _WIDEST_BYTES
    return Figure(
        what=what,
        figure=f"{slope.value:+,.0f} B +- {slope.half_width:,.0f} B ({slope.documents:,.0f} documents, "
        f"{slope.generations} generations); {median(values) / 1e6:.1f} / {max(values) / 1e6:.1f} MB",
        must=must,
        met=_checked(record, met=is_narrow and not slope.is_above_zero),
    )


def _open_files(record: Record) -> Figure:
    slopes = [slope_of(record, lambda s: s.open_files), slope_of(record, lambda s: s.fork_server_open_files)]
    seen = [sample.open_files for sample in _warm(record) if sample.open_files is not None]
    known = [slope.times(1000) for slope in slopes if slope is not None]
    figure = " / ".join(f"{slope.value:+.2f} +- {slope.half_width:.2f}" for slope in known)
    return Figure(
        what="open files of worker / fork server, in 1,000 documents; most of the worker",
        figure=f"{figure}; {max(seen)}" if known and seen else "not visible to this user",
        must=f"not above {_FILES_A_THOUSAND:g} beyond noise",
        met=_checked(record, met=all(slope.low <= _FILES_A_THOUSAND for slope in known)) if known else None,
    )


def _threads(record: Record) -> Figure:
    # By index: a worker of OpenSearch has threads that one of SQLite has not.
    counts: dict[Index, list[int]] = {}
    for generation in record.generations:
        for sample in _warm_samples(generation, record.plan):
            counts.setdefault(generation.index, []).append(sample.threads)
    ranges = [f"{min(each)} / {max(each)} ({index})" for index, each in counts.items()]
    return Figure(
        what="threads of the worker, fewest / most once it is warm",
        figure=", ".join(ranges) or "too few samples",
        must="at most 4 apart",
        met=_checked(
            record, met=bool(counts) and all(max(each) - min(each) <= 4 for each in counts.values())
        ),
    )


def _temporary(record: Record) -> Figure:
    slope = slope_of(record, lambda sample: float(sample.temporary_files))
    samples = list(_warm(record))
    most = max((sample.temporary_files for sample in samples), default=0)
    most_mb = max((sample.temporary_bytes for sample in samples), default=0) / 1e6
    trend = f"{slope.times(1000).value:+.2f} +- {slope.times(1000).half_width:.2f}" if slope else "-"
    return Figure(
        what="temporary files, in 1,000 documents; most at once",
        figure=f"{trend}; {most} ({most_mb:.1f} MB)",
        must="not above 0 beyond noise",
        met=_checked(record, met=slope is None or not slope.is_above_zero),
    )


def _sqlite(record: Record) -> list[Figure]:
    runs = [each for each in record.generations if each.index is Index.SQLITE and each.samples]
    if not runs:
        return []
    samples = [sample for each in runs for sample in each.samples]
    documents = sum(each.documents for each in runs)
    # The first half fills the tables with as many files as there are then all the time.
    half = runs[len(runs) // 2].samples[0].sqlite_bytes
    late = sum(each.documents for each in runs[len(runs) // 2 :])
    growth = (samples[-1].sqlite_bytes - half) / max(1, late)
    wal = max(sample.wal_bytes for sample in samples)
    return [
        Figure(
            what=f"SQLite index after {documents:,} documents: size; growth in the second half, a document",
            figure=f"{samples[-1].sqlite_bytes / 1e6:.1f} MB; {growth:+,.0f} B",
            must=f"<= {_SQLITE_BYTES_A_DOCUMENT:,.0f} B",
            met=_checked(record, met=growth <= _SQLITE_BYTES_A_DOCUMENT),
        ),
        Figure(
            what="SQLite write-ahead log, most",
            figure=f"{wal / 1e6:.1f} MB",
            must=f"<= {_WAL_BYTES / 1e6:.0f} MB",
            met=wal <= _WAL_BYTES,
        ),
    ]


def _log(record: Record) -> Figure:
    written: dict[Index, int] = {}
    most = 0
    for generation in record.generations:
        for sample in generation.samples:
            written[generation.index] = sample.log_written_bytes
            most = max(most, sample.log_bytes)
    return Figure(
        what="log written, a document; log files on disk, most",
        figure=f"{sum(written.values()) / max(1, record.documents):,.0f} B; {most / 1e6:.1f} MB",
        must=f"<= {LOG_BOUND_BYTES / 1e6:.0f} MB",
        met=most <= LOG_BOUND_BYTES,
    )


def _zombies(record: Record) -> Figure:
    most = max((sample.zombies for each in record.generations for sample in each.samples), default=0)
    return Figure(
        what=f"zombie processes that nobody has waited for in {LASTING_S:.0f} s",
        figure=f"{most}",
        must="0",
        met=not most,
    )


def _leftovers(record: Record) -> Figure:
    left = [f"generation {each.number}: {item}" for each in record.generations for item in each.leftovers]
    return Figure(
        what="left after kills and stop (processes, namespaces, folders, records)",
        figure=_listed(left) or "nothing",
        must="nothing",
        met=not left,
    )


def _ends(record: Record) -> list[Figure]:
    surprises = [
        f"generation {each.number}: {item}" for each in record.generations for item in each.surprises
    ]
    found = [
        Figure(
            what="ends of a worker that nobody asked for",
            figure=_listed(surprises) or "none",
            must="none",
            met=not surprises,
        )
    ]
    for index in record.plan.indexes:
        account = record.accounts.get(index)
        wrong = [*(account.differences if account else ["not compared"]), *record.undrained]
        found.append(
            Figure(
                what=f"every file in ledger and index ({index}), queue empty",
                figure=f"{account or 'interrupted'}: {_listed(wrong) or 'all as they must be'}",
                must="no difference",
                met=not wrong,
            )
        )
    return found


def _checked(record: Record, *, met: bool) -> bool | None:
    return met if record.plan.hours >= _SHORTEST_CHECKED_H else None


def _warm(record: Record) -> Iterable[Sample]:
    for generation in record.generations:
        yield from _warm_samples(generation, record.plan)


def _warm_samples(generation: Generation, plan: Plan) -> Iterable[Sample]:
    last = generation.samples[-1].documents if generation.samples else 0
    if not generation.is_drain:
        yield from (sample for sample in generation.samples if sample.documents > plan.cold(last))


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return "; ".join(items[:_SHOWN]) + more
