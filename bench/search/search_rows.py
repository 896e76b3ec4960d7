"""The row `search`: what both indexes find, and how fast.

SEARCH_DOCUMENTS is the number of documents for speed: 50,000, in CI 5,000; 0 leaves speed out.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from bench.figure import Figure
from bench.search.accuracy import accuracy_figures
from bench.search.answers import ask
from bench.search.corpus import make_corpus
from bench.search.opened import open_opensearch, open_sqlite, server_url
from bench.search.speed import growth_figures, plain_match_figure

DOCUMENTS = "SEARCH_DOCUMENTS"
_DOCUMENTS, _DOCUMENTS_IN_CI = 50_000, 5_000


def search(home: Path) -> list[Figure]:
    """A generated office in both indexes, and what people type."""
    count = int(os.environ.get(DOCUMENTS) or (_DOCUMENTS_IN_CI if os.environ.get("CI") else _DOCUMENTS))
    with server_url() as url:
        figures = accuracy(home, url)
        if count:
            figures += growth_figures(home, count)
            figures += [plain_match_figure(url, count)] if url else []
    if url is None:
        figures.append(
            Figure(
                what="OpenSearch",
                figure="not measured: it cannot start here",
                must="`make servers`",
                met=None,
            )
        )
    return figures


def accuracy(home: Path, url: str | None) -> list[Figure]:
    """The figures of what is found: in SQLite, and in OpenSearch where there is a server."""
    corpus = make_corpus()
    documents = [file.document for file in corpus.files]
    with ExitStack() as ending:
        indexes = [ending.enter_context(open_sqlite(home / "office.sqlite3"))]
        if url:
            indexes.append(ending.enter_context(open_opensearch(url)))
        answers = {}
        for opened in indexes:
            opened.fill(documents)
            answers[opened.name] = ask(opened, corpus.queries)
    return accuracy_figures(answers)
