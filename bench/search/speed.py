"""How long searches take: on OpenSearch beside a plain match, on SQLite as the index grows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

from bench.figure import Figure
from bench.search.answers import tier_of
from bench.search.large_office import COMMON_WORD, RARE_WORDS, large_office, tier_one_queries
from bench.search.opened import Opened, PlainMatch, open_opensearch, open_sqlite

_ROUNDS = 5
_SMALLER = 10
_MOST_PLAIN = 4.0
_SEARCHES = 30
_KINDS = (("common word", (COMMON_WORD,), 3.0), ("rare word", RARE_WORDS, 2.0))

Searches = Callable[[str], object]


def plain_match_figure(url: str, count: int) -> Figure:
    """Queries that tier 1 answers against a plain match of the same words, in turn."""
    with open_opensearch(url) as opened:
        opened.fill(large_office(count))
        if opened.plain is None:
            raise TypeError("the index has no server behind it")
        ours, plain = _in_turn(opened, opened.plain)
    ratio = ours / plain
    return Figure(
        what=f"OpenSearch, {count:,} documents of 2 KB: p50 of tier 1 / of a plain match (at first 9.3 x)",
        figure=f"{ratio:.1f} x ({1e3 * ours:.0f} ms / {1e3 * plain:.0f} ms)",
        must=f"<= {_MOST_PLAIN:.0f} x",
        met=ratio <= _MOST_PLAIN,
    )


def growth_figures(home: Path, count: int) -> list[Figure]:
    """A common and a rare word in SQLite, against an index of a tenth of the documents."""
    with ExitStack() as ending:
        indexes = []
        for size in (count, count // _SMALLER):
            opened = ending.enter_context(open_sqlite(home / f"{size}.sqlite3"))
            opened.fill(large_office(size))
            indexes.append(opened)
        return [_growth(kind, words, most, indexes) for kind, words, most in _KINDS]


def _growth(kind: str, words: Sequence[str], most: float, indexes: Sequence[Opened]) -> Figure:
    seconds: list[list[float]] = [[] for _ in indexes]
    for word in islice(cycle(words), _SEARCHES):
        for taken, opened in zip(seconds, indexes, strict=True):
            taken.append(_seconds(opened.index.search, word, time.process_time))
    large, small = (statistics.median(taken) for taken in seconds)
    return Figure(
        what=f"SQLite, {kind}: CPU of a search, against a tenth of the documents (at first 10 x)",
        figure=f"{large / small:.1f} x ({1e3 * large:.1f} ms / {1e3 * small:.1f} ms)",
        must=f"<= {most:.0f} x",
        met=large / small <= most,
    )


def _in_turn(opened: Opened, plain: PlainMatch) -> tuple[float, float]:
    """Median seconds of the index and of the plain match; the first round warms both up."""
    queries = [query for query in tier_one_queries() if tier_of(opened.index.search(query)) == 1]
    ours, bare = [], []
    for turn in range(_ROUNDS):
        for query in queries:
            pair = _seconds(opened.index.search, query), _seconds(plain.search, query)
            if turn:
                ours.append(pair[0])
                bare.append(pair[1])
    return statistics.median(ours), statistics.median(bare)


def _seconds(search: Searches, query: str, clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    search(query)
    return clock() - began
