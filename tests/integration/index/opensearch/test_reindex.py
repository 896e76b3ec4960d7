"""A re-index on a real OpenSearch, while files come and go and somebody searches.

REINDEX_FILES is how many files there are, 60 if it is not set; meanwhile a third as many arrive and a twelfth
is deleted, but no more than 200 and 50.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto import mock_aws
from opensearchpy import OpenSearch

from tests.stand_ins.reindex_setting import PAUSE_S, ReindexSetting, open_setting
from tests.stand_ins.stored_files import StoredFiles
from tests.unit.clock import Clock
from tests.unit.world import RESULTS, TABLE, World
from worker.aws.clients import make_clients
from worker.aws.provisioning import provision
from worker.errors import MisconfiguredError
from worker.index.opensearch.documents import file_source
from worker.index.opensearch.index_manager import IndexManager
from worker.index.opensearch.schema import files_body
from worker.index.opensearch.versions.version_writer import VersionWriter
from worker.index.search_index import Tier
from worker.maintenance.reindex.reindex import ReindexResult
from worker.maintenance.sweep import StoppedError
from worker.models.document import Document

pytestmark = pytest.mark.integration

MakeIndex = Callable[..., IndexManager]

FILES = int(os.environ.get("REINDEX_FILES") or 60)
ARRIVE, DELETED = min(FILES // 3, 200), min(FILES // 12, 50)
REVISED, LATER = DELETED + 25, DELETED + 35
"""Files that get a new version, and that are deleted after the switch."""
EVERY = max(4, FILES // ARRIVE)
"""So many places where the run could stop lie between two files that come."""
BULK = 100


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        clients = make_clients()
        queue, dlq, *_ = provision(
            clients, queue_name="q", dlq_name="dlq", buckets=["source", RESULTS], table=TABLE
        )
        yield World(clients, Clock(), tmp_path, queue_url=queue.identifier, dlq_url=dlq.identifier)


@pytest.fixture
def setting(opensearch_url: str, prefix: str, world: World) -> Iterator[ReindexSetting]:
    with open_setting(opensearch_url, prefix, world) as made:
        yield made


class Searches:
    """Searches again and again in a thread: whether one failed, and the fewest files that one found."""

    def __init__(self, index: IndexManager) -> None:
        self._index = index
        self._over = threading.Event()
        self.totals: list[int] = []
        self.failures: list[Exception] = []
        self._thread = threading.Thread(target=self._search, daemon=True)

    def _search(self) -> None:
        while not self._over.is_set():
            try:
                result = self._index.search("共通の報告")
                assert result.missing == ""
                self.totals.append(result.total)
            except Exception as error:  # noqa: BLE001 - a thread's
                self.failures.append(error)
            self._over.wait(0.02)

    def __enter__(self) -> Searches:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)


def text(number: int) -> str:
    return f"共通の報告、第{number}号。番号{number:04}"


def arrange(index: IndexManager, world: World) -> StoredFiles:
    """The indices, and the files that are there before."""
    index.create_files_index()
    index.create_images_index()
    written: list[tuple[Document, int]] = []
    files = StoredFiles(world, lambda document, version: written.append((document, version)))
    for number in range(FILES):
        files.add(f"{number}.txt", text(number))
    for start in range(0, FILES, BULK):
        assert not any(index.bulk(written[start : start + BULK]))
    index.refresh()
    files.write = lambda document, version: index.index_document(document, version=version)
    return files


def exact(index: IndexManager, query: str) -> list[str]:
    """The names of the files that have all of a query."""
    result = index.search(query, limit=100)
    return [hit.file_name for hit in result.hits] if result.tier is Tier.ALL else []


@dataclass(eq=False)
class Traffic:
    """Files that come and go in every phase of a run; `late` writes to the old index after the switch."""

    files: StoredFiles
    late: VersionWriter
    calls: int = 0

    def move(self, seconds: float) -> None:
        """Hears each place where the run could stop."""
        self.calls += 1
        if seconds == PAUSE_S:
            self.files.write = lambda document, version: self.late.write([(document, version)])
            self.files.add(f"{FILES + ARRIVE - 1}.txt", text(FILES + ARRIVE - 1))
            self.files.delete(f"{DELETED - 1}.txt")
            return
        number, rest = divmod(self.calls, EVERY)
        if rest == 0 and number <= ARRIVE - 1:
            self.files.add(f"{FILES + number - 1}.txt", text(FILES + number - 1))
        if rest == 0 and number <= DELETED - 1:
            self.files.delete(f"{number - 1}.txt")
        if rest == 1 and number == 7:
            self.files.add(f"{REVISED}.txt", "共通の報告の新版、改訂済み")


def test_the_next_index_takes_over_while_files_come_and_go_and_searches_go_on(
    make_index: MakeIndex, setting: ReindexSetting, world: World, prefix: str, client: OpenSearch
) -> None:
    index = make_index()
    files = arrange(index, world)
    old, new = f"{prefix}files-v2", f"{prefix}files-v2-2"
    images = client.indices.get_alias(name=f"{prefix}images")
    client.indices.put_alias(index=old, name=f"{prefix}late", body={"is_write_index": True})
    with Searches(index) as searches:
        setting.on_wait = Traffic(files, setting.writer(f"{prefix}late")).move
        result = setting.make(is_forced=True).run()
        setting.on_wait = lambda _: None
    left = FILES + ARRIVE - DELETED
    assert searches.failures == []
    assert len(searches.totals) > 5
    assert min(searches.totals) >= FILES - DELETED
    assert (result.is_complete, result.old, result.new) == (True, old, new)
    assert result.live == (left, left)
    assert setting.states(old) == setting.states(new)
    assert client.indices.get_alias(name=f"{prefix}files") == {
        new: {"aliases": {f"{prefix}files": {"is_write_index": True}}}
    }
    assert not client.indices.exists_alias(name=f"{prefix}files-next")
    assert client.indices.get_alias(name=f"{prefix}images") == images
    assert exact(index, "改訂済み") == [f"{REVISED}.txt"]
    assert exact(index, f"番号{REVISED:04}") == exact(index, f"番号{DELETED - 1:04}") == []
    assert exact(index, f"番号{FILES + ARRIVE - 1:04}") == [f"{FILES + ARRIVE - 1}.txt"]
    assert set(setting.phases) == {"fill", "catch_up", "last"}
    check_way_back(index, setting, files, (old, new))


def check_way_back(
    index: IndexManager, setting: ReindexSetting, files: StoredFiles, names: tuple[str, str]
) -> None:
    """A rollback brings the old index what came since; then the new one can take over again."""
    old, new = names
    files.write = lambda document, version: index.index_document(document, version=version)
    files.add("after.txt", "切り替え後の覚書")
    files.delete(f"{LATER}.txt")
    back = setting.make().roll_back()
    assert (back.new, back.behind, back.is_complete) == (old, 0, True)
    assert setting.parts.versions.current().name == old
    assert setting.states(old) == setting.states(new)
    index.refresh()
    assert exact(index, "切り替え後の覚書") == ["after.txt"]
    assert exact(index, f"番号{LATER:04}") == []
    with pytest.raises(MisconfiguredError, match="no old index to go back to"):
        setting.make().roll_back()
    files.add("again.txt", "再度の切り替え")
    again = setting.make().run()
    assert (again.new, again.is_complete, again.made) == (new, True, 1)
    assert setting.make().run().is_needless
    setting.make().remove_old()
    assert setting.parts.versions.find(old) is None
    assert exact(index, "再度の切り替え") == ["again.txt"]


def test_a_run_that_was_stopped_goes_on_where_it_was(
    make_index: MakeIndex, setting: ReindexSetting, world: World, prefix: str
) -> None:
    arrange(make_index(), world)
    calls = 0

    def stop_in_the_middle(_: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 50:
            setting.stop.set()

    setting.on_wait = stop_in_the_middle
    stopped = setting.make(is_forced=True)
    with pytest.raises(StoppedError):
        stopped.run()
    there = setting.entries(f"{prefix}files-v2-2").count(live=True)
    assert 0 < there < FILES
    assert setting.parts.versions.current().name == f"{prefix}files-v2"
    setting.stop.clear()
    result = setting.make().run()
    assert (result.made, result.live) == (FILES - there, (FILES, FILES))
    assert setting.parts.versions.current().name == f"{prefix}files-v2-2"


def test_an_index_of_before_there_were_streams_is_made_anew_from_artifacts(
    make_index: MakeIndex, setting: ReindexSetting, world: World, prefix: str, client: OpenSearch
) -> None:
    body = files_body(shards=1, text_dimension=None)
    del body["mappings"]["_meta"]
    old = f"{prefix}files-v1"
    client.indices.create(index=old, body={**body, "aliases": {f"{prefix}files": {"is_write_index": True}}})
    index = make_index()
    index.create_images_index()

    def write(document: Document, version: int) -> None:
        client.index(
            index=f"{prefix}files",
            id=document.file_id,
            body=file_source(document, text_vectors=False, has_words=False),
            params={"version": str(version), "version_type": "external_gte"},
        )

    files = StoredFiles(world, write)
    for number in range(10):
        files.add(f"{number}.txt", text(number))
    files.delete("3.txt")
    world.claim(world.put("7.txt", b"an attempt has it"), message_id="held")
    with pytest.raises(MisconfiguredError, match="cis-worker reindex"):
        index.search("報告")
    result: ReindexResult = setting.make().run()
    assert (result.old, result.new, result.live) == (old, f"{prefix}files-v2", (9, 9))
    assert setting.states(old) == setting.states(result.new)
    assert len(exact(index, "共通の報告")) == 9
    files.write = lambda document, version: index.index_document(document, version=version)
    files.delete("5.txt")
    files.add("new.txt", "後から来た報告")
    back = setting.make().roll_back()
    assert (back.new, back.behind) == (old, 1)
    assert setting.states(old)[files.world.message("5.txt").file_id][1] == "tombstoned"
