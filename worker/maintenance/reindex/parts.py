"""What a re-index reads and writes, as the settings name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass

from worker.aws.bedrock_client import embedding_dimension
from worker.aws.clients import Clients, signing_credentials
from worker.aws.storage_handler import StorageHandler
from worker.config import Settings, require
from worker.document.artifacts import ArtifactStore
from worker.errors import UnavailableError
from worker.index.opensearch.bulk.bulk_sender import BulkSender
from worker.index.opensearch.calls import ClusterCalls, IndexPolicy
from worker.index.opensearch.client import OpenSearch, connect_from_settings
from worker.index.opensearch.provisioning import IndexMaker
from worker.index.opensearch.versions.index_versions import IndexVersion, IndexVersions
from worker.index.opensearch.versions.version_entries import VersionEntries
from worker.index.opensearch.versions.version_writer import VersionWriter
from worker.maintenance.opening import open_table
from worker.maintenance.pace import Pace
from worker.maintenance.reindex.index_copy import IndexCopy
from worker.maintenance.reindex.stored_documents import StoredDocuments
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

_THREADS = 8
"""Artifacts are read by so many at once; the analysis of their texts takes one CPU in any case."""
_TIMEOUT_S = 120.0
"""Of a request: a large page of entries takes a busy cluster long, and nobody waits for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReindexParts:
    """The indices of one prefix, and what their documents are made from."""

    client: OpenSearch
    policy: IndexPolicy
    prefix: str
    versions: IndexVersions
    documents: StoredDocuments
    pace: Pace
    text_dimension: int | None = None

    def entries(self, version: IndexVersion) -> VersionEntries:
        """The entries of an index."""
        calls = ClusterCalls(self.client, self.policy)
        return VersionEntries(self.client, calls=calls, index=version.name)

    def copy(
        self,
        source: IndexVersion,
        target: IndexVersion,
        *,
        alias: str,
        only_tombstones: bool = False,
    ) -> IndexCopy:
        """What brings the index `target`, behind `alias`, to what `source` has."""
        # It makes no index: the alias is there.
        maker = IndexMaker(self.client, prefix=self.prefix, shards=1, text_dimension=self.text_dimension)
        return IndexCopy(
            source=self.entries(source),
            target=self.entries(target),
            documents=self.documents,
            writer=VersionWriter(
                BulkSender(self.client, policy=self.policy, maker=maker, prefix=self.prefix),
                alias=alias,
                has_words=target.analysis is not None and target.analysis.has_words,
                text_vectors=self.text_dimension is not None,
            ),
            pace=self.pace,
            only_tombstones=only_tombstones,
        )


@contextmanager
def open_parts(
    settings: Settings, clients: Clients, *, pace: Pace, wait: Callable[[float], object]
) -> Iterator[ReindexParts]:
    """The parts until the block ends. Raises MisconfiguredError when a setting is missing."""
    require(settings, "results_bucket", "file_table")
    client = connect_from_settings(
        settings, lambda: signing_credentials(region=settings.aws_region), timeout_s=_TIMEOUT_S
    )
    policy = IndexPolicy(
        breaker=CircuitBreaker(
            failure_threshold=5, timeout=20.0, expected_exception=UnavailableError, name="opensearch"
        ),
        retry=RetryHandler(max_retries=4, initial_delay=0.5, max_delay=10.0, wait=wait),
    )
    dimension = embedding_dimension(settings.text_model) if settings.text_model else None
    storage = StorageHandler(clients.s3, results_bucket=settings.results_bucket)
    with closing(client), ThreadPoolExecutor(_THREADS, thread_name_prefix="artifact") as pool:
        yield ReindexParts(
            client=client,
            policy=policy,
            prefix=settings.index_prefix,
            versions=IndexVersions(
                client,
                calls=ClusterCalls(client, policy),
                prefix=settings.index_prefix,
                shards=settings.index_shards,
                text_dimension=dimension,
            ),
            documents=StoredDocuments(
                table=open_table(settings, clients),
                store=ArtifactStore(storage, extraction_key=""),
                pool=pool,
                image_model=settings.image_model,
                text_model=settings.text_model,
            ),
            pace=pace,
            text_dimension=dimension,
        )
