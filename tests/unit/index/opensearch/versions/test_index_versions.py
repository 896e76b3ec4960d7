"""Which index the alias leads to, and which is next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.stand_ins.index_server import IndexServer, MadeIndex
from worker.errors import MisconfiguredError
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion
from worker.index.opensearch.calls import ClusterCalls, IndexPolicy
from worker.index.opensearch.client import connect
from worker.index.opensearch.versions.index_versions import IndexVersion, IndexVersions
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.retry_handler import RetryHandler

pytestmark = pytest.mark.unit

OLD = AnalysisVersion(number="0", dictionary="none")


@contextmanager
def versions_on(**indices: AnalysisVersion | None) -> Iterator[tuple[IndexVersions, IndexServer]]:
    """Indices by name (_ for -), the first one behind the alias."""
    with IndexServer() as server:
        for number, (name, analysis) in enumerate(indices.items()):
            meta = {} if analysis is None else {"_meta": {"analysis": str(analysis)}}
            server.indices[f"p-{name.replace('_', '-')}"] = MadeIndex(
                meta, {"p-files"} if not number else set()
            )
        client = connect(server.url)
        policy = IndexPolicy(breaker=CircuitBreaker(), retry=RetryHandler(max_retries=0, wait=lambda _: None))
        calls = ClusterCalls(client, policy)
        yield (
            IndexVersions(client, calls=calls, prefix="p-", shards=3, text_dimension=None),
            server,
        )
        client.close()


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ({"files_v1": None}, "p-files-v2"),
        ({"files_v1": None, "files_v2": OLD}, "p-files-v2-2"),
        ({"files_v2": OLD}, "p-files-v2-2"),
        ({"files_v1": None, "files_v2": OWN_ANALYSIS}, "p-files-v2-2"),
        ({"files_v2_2": OLD, "files_v2": OLD}, "p-files-v2-3"),
        ({"files_v2_9": OLD, "files_v2_8": OLD}, "p-files-v2"),
    ],
)
def test_the_next_index_has_the_next_name_that_is_free(
    there: dict[str, AnalysisVersion | None], name: str
) -> None:
    with versions_on(**there) as (versions, server):
        current = versions.current()
        assert versions.find_begun(current, only_unfinished=False) is None
        target = versions.prepare(current, None)
        assert target == IndexVersion(name=name, analysis=OWN_ANALYSIS, made_from=current.name, is_done=False)
        assert server.indices[name].aliases == {"p-files-next"}
        assert versions.find_begun(current, only_unfinished=True) == versions.find(name) == target


def test_what_an_earlier_run_began_is_found_but_not_with_another_analysis() -> None:
    with versions_on(files_v1=None) as (versions, server):
        current = versions.current()
        begun = versions.prepare(current, None)
        assert versions.prepare(current, versions.find_begun(current, only_unfinished=True)) == begun
        assert sorted(server.indices) == ["p-files-v1", "p-files-v2"]
        server.indices["p-files-v2"].mappings["_meta"]["analysis"] = str(OLD)
        assert versions.find_begun(current, only_unfinished=True) is None
        other = versions.prepare(current, None)
        assert other.name == "p-files-v2-2"
        assert server.behind("p-files-next") == ["p-files-v2-2"]


def test_a_switch_is_one_request_and_is_written_down_until_it_is_finished() -> None:
    with versions_on(files_v1=None) as (versions, server):
        old = versions.current()
        target = versions.switch(old, versions.prepare(old, None))
        assert server.behind("p-files") == ["p-files-v2"]
        assert server.requests[-2:] == ["PUT /p-files-v2/_mapping", "POST /_aliases"]
        assert versions.current() == target
        assert (target.is_done, target.made_from, target.switched_at[:2]) == (False, "p-files-v1", "20")
        finished = versions.finish(target)
        assert versions.current() == finished
        assert finished.is_done
        assert server.behind("p-files-next") == []
        versions.switch(finished, old)
        assert versions.current() == old
        assert versions.find_begun(old, only_unfinished=True) is None
        assert versions.find_begun(old, only_unfinished=False) == finished


def test_only_the_newest_mapping_with_our_analysis_is_the_newest() -> None:
    with versions_on(files_v2=OWN_ANALYSIS) as (versions, _):
        assert versions.is_newest(versions.current())
        assert versions.current().is_writable
        for name, analysis in (("p-files-v1", OWN_ANALYSIS), ("p-files-v2", OLD), ("p-files-v2", None)):
            assert not versions.is_newest(IndexVersion(name=name, analysis=analysis))
        assert not IndexVersion(name="p-files-v1").is_writable


def test_where_no_single_index_is_behind_the_alias_an_operator_must_decide() -> None:
    with versions_on() as (versions, server):
        with pytest.raises(MisconfiguredError, match="`cis-worker init` creates it"):
            versions.current()
        assert versions.find("p-files-v2") is versions.find("") is None
        server.indices["p-files"] = MadeIndex({})
        with pytest.raises(MisconfiguredError, match="is an index and no alias"):
            versions.current()
    with versions_on(files_v1=None, files_v2=OLD) as (versions, server):
        server.indices["p-files-v2"].aliases.add("p-files")
        with pytest.raises(MisconfiguredError, match="leads to 2 indices"):
            versions.current()


def test_an_index_is_removed_by_its_name() -> None:
    with versions_on(files_v2=OLD, files_v1=None) as (versions, server):
        versions.remove("p-files-v1")
        assert sorted(server.indices) == ["p-files-v2"]
