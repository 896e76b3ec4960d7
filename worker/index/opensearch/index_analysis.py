"""Which analysis the files index says it was made with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from worker.errors import MisconfiguredError
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion
from worker.index.opensearch.calls import ClusterCalls, Deadline
from worker.index.opensearch.client import IndexMissingError, OpenSearch, read_answer
from worker.index.opensearch.schema import newest, stated_analysis

if TYPE_CHECKING:
    from urllib3 import Timeout

_KNOWN_FOR_S = 60.0
"""So soon a worker notices that the alias leads to an index with another analysis."""


class IndexAnalysis:
    """The analysis of the index behind an alias, asked for at most once a minute."""

    def __init__(
        self,
        client: OpenSearch,
        alias: str,
        *,
        calls: ClusterCalls,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._alias, self._calls, self._clock = client, alias, calls, clock
        self._known: AnalysisVersion | None = None
        self._asked_at = 0.0

    def current(self, *, deadline: Deadline | None = None) -> AnalysisVersion:
        """That of the index; of this process where the index is still to be made.

        With a `deadline` somebody waits, and a cluster that hangs is not waited for any longer.
        Raises MisconfiguredError for an index of before there were streams.
        """
        known, now = self._known, self._clock()
        if known is None or now - self._asked_at > _KNOWN_FOR_S:
            known = self._known = self._read(deadline)
            self._asked_at = now
        return known

    def _read(self, deadline: Deadline | None) -> AnalysisVersion:
        what = f"read the mapping of {self._alias}"
        try:
            if deadline is not None:
                return self._calls.read(what, self._mapping, self._version_of, deadline=deadline)
            mappings = self._calls.call(what, self._mapping)
        except IndexMissingError:
            return OWN_ANALYSIS
        with read_answer(what):
            return self._version_of(mappings)

    def _mapping(self, timeout: Timeout | None = None) -> Any:
        options = {"request_timeout": timeout} if timeout else {}
        return self._client.indices.get_mapping(index=self._alias, **options)

    def _version_of(self, mappings: Any) -> AnalysisVersion:
        name = newest(mappings)
        stated = stated_analysis(mappings[name]["mappings"])
        if stated is None:
            raise MisconfiguredError(
                f"Index {name} behind {self._alias} was made by an older version and has no text analysis of "
                "this one: re-index with `cis-worker reindex`"
            )
        return stated
