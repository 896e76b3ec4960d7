"""Passes: what differs, what is written, and what is left."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.stand_ins.index_server import IndexServer, MadeIndex
from tests.stand_ins.reindex_setting import ReindexSetting
from tests.stand_ins.stored_files import StoredFiles
from tests.unit.world import World
from worker.index.opensearch.versions.index_versions import IndexVersion
from worker.index.opensearch.versions.version_entries import EntryMark
from worker.maintenance.reindex.index_copy import IndexCopy, is_behind, merge
from worker.maintenance.sweep import StoppedError
from worker.models.ledger import State

pytestmark = pytest.mark.unit


def mark(
    version: int, state: State = State.INDEXED, *, file_id: str = "a", pending: bool = False
) -> EntryMark:
    return EntryMark(file_id=file_id, version=version, state=state, vectors_pending=pending)


@pytest.fixture
def copy(setting: ReindexSetting, server: IndexServer) -> IndexCopy:
    """From the index that is searched to an empty one."""
    server.indices["next"] = MadeIndex(server.indices["files-v2"].mappings, aliases={"files-next"})
    analysis = setting.parts.versions.current().analysis
    return setting.parts.copy(
        IndexVersion(name="files-v2"), IndexVersion(name="next", analysis=analysis), alias="files-next"
    )


@pytest.mark.parametrize(
    ("source", "target", "behind"),
    [
        (mark(1), None, True),
        (mark(2), mark(1), True),
        (mark(1), mark(1), False),
        (mark(1), mark(2), False),
        (mark(1), mark(1, pending=True), True),
        (mark(1, State.TOMBSTONED), mark(1), True),
        (mark(1, State.TOMBSTONED), None, True),
        (None, mark(1), True),
        (None, mark(1, State.TOMBSTONED), False),
    ],
)
def test_an_entry_is_behind_where_the_source_has_a_newer_or_another_one(
    source: EntryMark | None, target: EntryMark | None, behind: bool
) -> None:
    assert is_behind(source, target) is behind


@pytest.mark.parametrize(
    ("sources", "targets", "pairs"),
    [
        ("abd", "bce", ["a-", "bb", "-c", "d-", "-e"]),
        ("", "ab", ["-a", "-b"]),
        ("ab", "", ["a-", "b-"]),
        ("", "", []),
    ],
)
def test_entries_are_paired_by_file(sources: str, targets: str, pairs: Sequence[str]) -> None:
    found = merge([mark(1, file_id=each) for each in sources], [mark(1, file_id=each) for each in targets])
    assert ["".join(each.file_id if each else "-" for each in pair) for pair in found] == pairs


def test_a_pass_writes_what_differs_and_the_next_one_nothing(
    copy: IndexCopy, files: StoredFiles, setting: ReindexSetting
) -> None:
    for number in range(25):
        files.add(f"{number}.txt", "text")
    files.delete("3.txt")
    counted: list[int] = []
    copy.on_file = lambda: counted.append(1)
    first = copy.run_pass()
    assert (first.compared, first.made, len(counted)) == (25, 25, 25)
    assert setting.states("next") == setting.states("files-v2")
    files.add("3.txt", "again")
    files.delete("4.txt")
    files.add("5.txt", "another")
    assert copy.run_pass().made == 3
    assert setting.states("next") == setting.states("files-v2")
    assert (copy.run_pass().made, copy.run_pass().ahead) == (0, 0)


def test_an_entry_that_differs_from_its_row_for_good_is_made_twice_at_most(
    copy: IndexCopy, files: StoredFiles, server: IndexServer
) -> None:
    file_id = files.add("a.txt", "text")
    version, source = server.indices["files-v2"].entries[file_id]
    server.indices["files-v2"].entries[file_id] = version, {**source, "state": "partial"}
    assert [copy.run_pass().made for _ in range(4)] == [1, 1, 0, 0]
    server.indices["files-v2"].entries[file_id] = version, {**source, "vectors_pending": True}
    assert [copy.run_pass().made for _ in range(2)] == [1, 0]


def test_a_tombstone_that_was_purged_from_the_source_hides_the_file(
    copy: IndexCopy, world: World, server: IndexServer, setting: ReindexSetting
) -> None:
    server.put("next", "purged", 7)
    assert copy.run_pass().made == 1
    assert setting.states("next") == {"purged": (7, "tombstoned")}
    claim = world.claim(world.put("held.txt")).claim
    server.put("next", claim.file_id, 1)
    held = copy.run_pass()
    assert (held.made, held.left, held.ahead) == (0, 1, 2)
    assert setting.states("next")[claim.file_id] == (1, "indexed")


def test_a_newer_entry_of_the_target_stays(
    copy: IndexCopy, files: StoredFiles, setting: ReindexSetting, server: IndexServer
) -> None:
    file_id = files.add("a.txt", "text")
    server.put("next", file_id, 5)
    result = copy.run_pass()
    assert (result.made, result.ahead) == (0, 1)
    assert setting.states("next") == {file_id: (5, "indexed")}


def test_what_the_cluster_refuses_is_there_by_its_name(
    copy: IndexCopy, files: StoredFiles, server: IndexServer
) -> None:
    odd, well = files.add("odd.txt", "text"), files.add("well.txt", "text")
    server.refuses.add(odd)
    assert copy.run_pass().made == 2
    assert copy.refused == {odd}
    entries = server.indices["next"].entries
    assert (entries[odd][1]["reason"], entries[odd][1]["state"]) == ("index_rejected", "partial")
    assert (entries[odd][1]["file_name"], entries[well][1]["reason"]) == ("odd.txt", None)


def test_only_tombstones_are_brought_where_nothing_else_may_be(
    copy: IndexCopy, files: StoredFiles, setting: ReindexSetting
) -> None:
    files.add("a.txt", "text")
    files.add("b.txt", "text")
    gone = files.delete("b.txt")
    copy.only_tombstones = True
    result = copy.run_pass()
    assert (result.made, result.left) == (1, 1)
    assert setting.states("next") == {gone: (2, "tombstoned")}


def test_a_stop_is_heard_between_batches(
    copy: IndexCopy, files: StoredFiles, setting: ReindexSetting
) -> None:
    files.add("a.txt", "text")
    setting.stop.set()
    with pytest.raises(StoppedError):
        copy.run_pass()
    assert setting.states("next") == {}
