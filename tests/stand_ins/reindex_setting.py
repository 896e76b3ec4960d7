"""The parts of a re-index, on any server of indices, with the ledger and artifacts of a World."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from tests.unit.world import World
from worker.errors import UnavailableError
from worker.index.opensearch.bulk.bulk_sender import BulkSender
from worker.index.opensearch.calls import ClusterCalls, IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.index_manager import IndexManager
from worker.index.opensearch.provisioning import IndexMaker
from worker.index.opensearch.versions.index_versions import IndexVersion, IndexVersions
from worker.index.opensearch.versions.version_entries import VersionEntries
from worker.index.opensearch.versions.version_writer import VersionWriter
from worker.maintenance.pace import Pace
from worker.maintenance.reindex.parts import ReindexParts
from worker.maintenance.reindex.reindex import Reindex, Waits
from worker.maintenance.reindex.stored_documents import StoredDocuments
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

PAUSE_S = 0.01
"""What is waited for after a switch: `on_wait` knows it by this."""


@dataclass(eq=False)
class ReindexSetting:
    """`on_wait` is called wherever a run could stop, with the seconds to wait."""

    parts: ReindexParts
    stop: threading.Event = field(default_factory=threading.Event)
    on_wait: Callable[[float], object] = lambda _: None
    phases: list[str] = field(default_factory=list)

    def wait(self, seconds: float) -> bool:
        self.on_wait(seconds)
        return self.stop.is_set()

    def make(self, *, is_forced: bool = False) -> Reindex:
        """A run that has not begun."""
        pause = timedelta(seconds=PAUSE_S)
        return Reindex(
            parts=self.parts,
            report=lambda phase, _: self.phases.append(phase),
            wait=self.wait,
            is_forced=is_forced,
            waits=Waits(written=pause, analysed=pause),
        )

    def entries(self, name: str) -> VersionEntries:
        return self.parts.entries(IndexVersion(name=name))

    def states(self, name: str) -> dict[str, tuple[int, str]]:
        """Version and state of each entry of an index."""
        return {mark.file_id: (mark.version, mark.state.value) for mark in self.entries(name).marks()}

    def writer(self, alias: str) -> VersionWriter:
        """Writes to one index behind an alias."""
        parts = self.parts
        maker = IndexMaker(parts.client, prefix=parts.prefix, shards=1, text_dimension=None)
        sender = BulkSender(parts.client, policy=parts.policy, maker=maker, prefix=parts.prefix)
        return VersionWriter(sender, alias=alias, has_words=True, text_vectors=False)

    def index(self) -> IndexManager:
        """The index as a worker has it."""
        return IndexManager(self.parts.client, policy=self.parts.policy, prefix=self.parts.prefix)


@contextmanager
def open_setting(url: str, prefix: str, world: World) -> Iterator[ReindexSetting]:
    """The parts until the block ends."""
    policy = IndexPolicy(
        breaker=CircuitBreaker(failure_threshold=3, timeout=0.5, expected_exception=UnavailableError),
        retry=RetryHandler(max_retries=2, initial_delay=0.05, max_delay=0.2),
    )
    made: list[ReindexSetting] = []

    def wait(seconds: float) -> bool:
        return made[0].wait(seconds)

    with closing(connect(url, timeout_s=120.0)) as client, ThreadPoolExecutor(4) as pool:
        versions = IndexVersions(
            client, calls=ClusterCalls(client, policy), prefix=prefix, shards=1, text_dimension=None
        )
        parts = ReindexParts(
            client=client,
            policy=policy,
            prefix=prefix,
            versions=versions,
            documents=StoredDocuments(table=world.other, store=world.store, pool=pool),
            pace=Pace(None, wait=wait),
        )
        made.append(ReindexSetting(parts))
        yield made[0]
