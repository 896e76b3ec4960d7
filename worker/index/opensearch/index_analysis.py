"""Which analysis the files index says it was made with."""

from __future__ import annotations

import time
from collections.abc import Callable

from worker.errors import MisconfiguredError
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion
from worker.index.opensearch.client import IndexMissingError, OpenSearch, translate_errors
from worker.index.opensearch.schema import ANALYSIS

_KNOWN_FOR_S = 60.0
"""So soon a worker notices that the alias leads to an index with another analysis."""


class IndexAnalysis:
    """The analysis of the index behind an alias, asked for at most once a minute."""

    def __init__(
        self, client: OpenSearch, alias: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._alias, self._clock = client, alias, clock
        self._known: AnalysisVersion | None = None
        self._asked_at = 0.0

    def current(self) -> AnalysisVersion:
        """That of the index; of this process where the index is still to be made.

        Raises MisconfiguredError for an index of before there were streams.
        """
        known, now = self._known, self._clock()
        if known is None or now - self._asked_at > _KNOWN_FOR_S:
            known = self._known = self._read()
            self._asked_at = now
        return known

    def _read(self) -> AnalysisVersion:
        try:
            with translate_errors(f"read the mapping of {self._alias}"):
                mappings = self._client.indices.get_mapping(index=self._alias)
        except IndexMissingError:
            return OWN_ANALYSIS
        name = max(mappings)
        stated = mappings[name]["mappings"].get("_meta", {}).get(ANALYSIS)
        if stated is None:
            raise MisconfiguredError(
                f"Index {name} behind {self._alias} was made by an older version and has no text analysis of "
                "this one: re-index with `cis-worker reindex`"
            )
        return AnalysisVersion.parse(stated)
