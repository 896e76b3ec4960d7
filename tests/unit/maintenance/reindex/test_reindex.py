"""A whole re-index, its way back, and what it refuses; on a real OpenSearch in tests/integration."""

from __future__ import annotations

import pytest

from tests.stand_ins.index_server import IndexServer
from tests.stand_ins.reindex_setting import PAUSE_S, ReindexSetting
from tests.stand_ins.stored_files import StoredFiles
from worker.errors import MisconfiguredError, UnavailableError
from worker.index.opensearch.versions.index_versions import IndexVersion
from worker.maintenance.sweep import StoppedError

pytestmark = pytest.mark.unit


def leads_to(server: IndexServer) -> list[str]:
    return server.behind("files")


def test_an_index_as_this_program_makes_it_is_left_alone(
    setting: ReindexSetting, server: IndexServer
) -> None:
    result = setting.make().run()
    assert (result.is_needless, result.is_complete, result.new) == (True, True, "files-v2")
    assert not [each for each in server.requests if each.startswith(("PUT", "DELETE"))]


def test_what_is_written_to_the_old_index_in_the_moment_of_the_switch_is_brought(
    setting: ReindexSetting, server: IndexServer, files: StoredFiles
) -> None:
    late = setting.writer("late")
    server.indices["files-v2"].aliases.add("late")
    kept, gone = files.add("kept.txt", "text"), files.add("gone.txt", "text")
    written: list[str] = []

    def write_late(seconds: float) -> None:
        if seconds == PAUSE_S:
            files.write = lambda document, version: late.write([(document, version)])
            written.extend([files.add("late.txt", "late"), files.delete("gone.txt")])

    setting.on_wait = write_late
    result = setting.make(is_forced=True).run()
    assert leads_to(server) == ["files-v2-2"]
    assert setting.states("files-v2-2") == setting.states("files-v2")
    assert setting.states("files-v2-2") == {
        kept: (1, "indexed"),
        gone: (2, "tombstoned"),
        written[0]: (1, "indexed"),
    }
    assert (result.live, result.ahead, result.behind) == ((2, 2), 0, 0)


def test_what_came_just_before_the_switch_is_there_before_anybody_waits(
    setting: ReindexSetting, server: IndexServer, files: StoredFiles
) -> None:
    file_id = files.add("a.txt", "text")
    seen: list[tuple[int, str]] = []

    def write_before(request: str) -> None:
        """A tombstone, before the alias of the new index and before that of all."""
        if request == "POST /_aliases":
            version, _ = server.indices["files-v2"].entries[file_id]
            server.put("files-v2", file_id, version + 1, state="tombstoned")

    def check(seconds: float) -> None:
        if seconds == PAUSE_S:
            seen.append(setting.states("files-v2-2")[file_id])

    server.before, setting.on_wait = write_before, check
    setting.make(is_forced=True).run()
    assert seen == [(3, "tombstoned")]


def test_nothing_is_switched_where_the_counts_do_not_agree(
    setting: ReindexSetting, server: IndexServer, files: StoredFiles
) -> None:
    for number in range(3):
        files.add(f"{number}.txt", "text")

    def lose(request: str) -> None:
        """The new index loses all it got, before each count of it."""
        if request == "POST /files-v2-2/_count":
            server.indices["files-v2-2"].entries.clear()

    server.before = lose
    with pytest.raises(UnavailableError, match="files-v2 has 3 files and files-v2-2 0: nothing was switched"):
        setting.make(is_forced=True).run()
    assert leads_to(server) == ["files-v2"]


def test_a_run_stopped_after_the_switch_is_completed_by_the_next_one(
    setting: ReindexSetting, server: IndexServer, files: StoredFiles
) -> None:
    files.add("a.txt", "text")

    def stop(seconds: float) -> None:
        if seconds == PAUSE_S:
            setting.stop.set()

    setting.on_wait = stop
    run = setting.make(is_forced=True)
    with pytest.raises(StoppedError):
        run.run()
    assert (run.result.is_switched, run.result.is_complete) == (True, False)
    with pytest.raises(MisconfiguredError, match="complete the re-index first"):
        setting.make().remove_old()
    server.put("files-v2", "f" * 64, 3, file_name="late.txt", **_FIELDS)
    setting.stop.clear()
    setting.on_wait = lambda _: None
    result = setting.make().run()
    assert (result.old, result.new, result.is_complete) == ("files-v2", "files-v2-2", True)
    assert setting.states("files-v2-2")["f" * 64] == (3, "indexed")
    assert setting.make().run().is_needless
    setting.make().remove_old()
    assert sorted(server.indices) == ["files-v2-2", "images-v1"]
    with pytest.raises(MisconfiguredError, match="no old index"):
        setting.make().remove_old()


_FIELDS = {
    "bucket": "source",
    "key": "late.txt",
    "file_path": "late.txt",
    "file_size": 1,
    "file_type": "txt",
    "pages": [{"number": 1, "part": 0, "text": "late", "source": "ocr"}],
}


def test_what_workers_wrote_with_the_old_analysis_after_the_switch_is_written_again(
    setting: ReindexSetting, server: IndexServer, files: StoredFiles
) -> None:
    file_id = files.add("a.txt", "text")
    server.indices["files-v2"].mappings["_meta"] = {"analysis": "0 none"}

    def write_as_before(seconds: float) -> None:
        if seconds == PAUSE_S:
            server.put("files-v2-2", file_id, 1, indexed_at="2999-01-01", words="of another analysis")

    setting.on_wait = write_as_before
    result = setting.make().run()
    assert result.is_complete
    assert "words" not in server.indices["files-v2-2"].entries[file_id][1]


def test_a_rollback_brings_what_came_since_and_only_deletes_where_the_analysis_is_another(
    setting: ReindexSetting, server: IndexServer, files: StoredFiles
) -> None:
    gone = files.add("gone.txt", "text")
    server.indices["files-v2"].mappings["_meta"] = {"analysis": "0 none"}
    setting.make().run()
    came = files.add("came.txt", "text")
    files.delete("gone.txt")
    back = setting.make().roll_back()
    assert (back.new, back.behind, back.is_complete) == ("files-v2", 1, True)
    assert leads_to(server) == ["files-v2"]
    assert setting.states("files-v2") == {gone: (2, "tombstoned")}
    again = setting.make().run()
    assert (again.new, setting.states("files-v2-2")) == (
        "files-v2-2",
        {gone: (2, "tombstoned"), came: (1, "indexed")},
    )


def test_there_is_no_way_back_without_an_old_index(setting: ReindexSetting) -> None:
    with pytest.raises(MisconfiguredError, match="no old index to go back to: files-v2 behind files"):
        setting.make().roll_back()


def test_a_forced_run_after_a_rollback_fills_an_index_of_its_own(
    setting: ReindexSetting, server: IndexServer, files: StoredFiles
) -> None:
    files.add("a.txt", "text")
    assert setting.make(is_forced=True).run().new == "files-v2-2"
    setting.make().roll_back()
    assert setting.make(is_forced=True).run().new == "files-v2-3"
    assert setting.parts.versions.current() == IndexVersion(
        name="files-v2-3",
        analysis=setting.parts.versions.current().analysis,
        made_from="files-v2",
        switched_at=setting.parts.versions.current().switched_at,
    )
    assert server.indices["images-v1"].aliases == {"images"}
