"""The command reindex, on an OpenSearch in memory and on SQLite files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.stand_ins.index_server import IndexServer, MadeIndex
from tests.stand_ins.reindex_setting import open_setting
from tests.stand_ins.stored_files import StoredFiles
from tests.unit.world import World
from worker.errors import MisconfiguredError
from worker.home.folder import Home
from worker.index.opensearch.schema import files_body
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.maintenance.reindex.reindex import Waits
from worker.models.document import Document

if TYPE_CHECKING:
    from tests.unit.cli.recovery.conftest import Run

pytestmark = pytest.mark.unit

MakeDocument = Callable[..., Document]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """The OpenSearch of the settings, with an index of another analysis."""
    shortest = Waits(written=timedelta(0), analysed=timedelta(0))
    monkeypatch.setattr("worker.maintenance.reindex.reindex.Waits", lambda: shortest)
    with IndexServer() as made:
        mappings = files_body(shards=1, text_dimension=None)["mappings"]
        made.indices["files-v2"] = MadeIndex({**mappings, "_meta": {"analysis": "0 none"}}, {"files"})
        monkeypatch.setenv("CIS_INDEX", "opensearch")
        monkeypatch.setenv("CIS_OPENSEARCH_AUTH", "none")
        monkeypatch.setenv("OPENSEARCH_ENDPOINT", made.url)
        yield made


def fill(server: IndexServer, world: World, number: int) -> None:
    with open_setting(server.url, "", world) as setting:
        writer = setting.writer("files")
        files = StoredFiles(world, lambda document, version: writer.write([(document, version)]))
        for each in range(number):
            files.add(f"{each}.txt", "text")


def test_it_switches_goes_back_and_removes(run: Run, world: World, server: IndexServer) -> None:
    fill(server, world, 3)
    done = run("reindex")
    assert done.exit_code == 0, done.stderr
    assert "files-v2 has 3 files, files-v2-2 has 3." in done.stdout
    assert "--rollback goes back to files-v2, --remove-old deletes it." in done.stdout
    assert "filling the new index: 3 of about 3" in done.stderr
    assert "is as this program makes it" in run("reindex").stdout
    back = json.loads(run("reindex", "--rollback", "--json").stdout)
    assert (back["to"], back["missing"], back["complete"]) == ("files-v2", 0, True)
    with pytest.raises(MisconfiguredError, match="no old index to go back to"):
        run("reindex", "--rollback")
    again = json.loads(run("reindex", "--json").stdout)
    assert (again["to"], again["files_from"], again["files_to"]) == ("files-v2-2", 3, 3)
    assert "files-v2 is deleted" in run("reindex", "--remove-old").stdout
    assert sorted(server.indices) == ["files-v2-2"]


def test_a_stop_is_said_and_the_next_run_goes_on(run: Run, world: World, server: IndexServer) -> None:
    fill(server, world, 45)

    def interrupt(request: str) -> None:
        if request == "POST /_bulk":
            os.kill(os.getpid(), signal.SIGINT)

    server.before = interrupt
    stopped = run("reindex")
    assert stopped.exit_code == 130
    assert "Stopped: nothing was switched. The same command goes on where it was." in stopped.stdout
    there = len(server.indices["files-v2-2"].entries)
    assert 0 < there < 45
    server.before = lambda _: None
    requests = len(server.requests)
    assert run("reindex").exit_code == 0
    assert server.requests[requests:].count("POST /_bulk") < 10
    assert len(server.indices["files-v2-2"].entries) == 45


def test_a_way_back_that_was_stopped_says_what_it_left(run: Run, world: World, server: IndexServer) -> None:
    fill(server, world, 3)
    assert run("reindex").exit_code == 0

    def interrupt(request: str) -> None:
        if request == "POST /_aliases":
            os.kill(os.getpid(), signal.SIGINT)

    server.before = interrupt
    stopped = run("reindex", "--rollback")
    assert stopped.exit_code == 130
    assert (
        "files-v2 is searched and written to again.\nStopped before it had what came since." in stopped.stdout
    )


@pytest.mark.parametrize("options", [("--rollback", "--remove-old"), ("--force", "--rollback")])
def test_options_that_exclude_each_other_are_usage_errors(run: Run, options: tuple[str, ...]) -> None:
    assert run("reindex", *options).exit_code == 2


@pytest.fixture
def home(tmp_path: Path, make_document: MakeDocument) -> Home:
    """With a file whose terms another analysis made."""
    made = Home(folder=tmp_path / "home")
    made.folder.mkdir()
    with closing(SqliteIndex(made.index_path)) as index:
        index.index_document(make_document("a.pdf", "報告"), version=1)
    with closing(sqlite3.connect(made.index_path)) as connection:
        connection.execute("INSERT INTO page_terms (page_terms) VALUES ('delete-all')")
        connection.execute("UPDATE analysis SET version = '0 none'")
        connection.commit()
    return made


def total(path: Path) -> int:
    with closing(SqliteIndex(path)) as index:
        return index.search("報告").total


def test_a_home_gets_its_terms_anew(run: Run, home: Home) -> None:
    assert total(home.index_path) == 0
    with home.lock(), pytest.raises(MisconfiguredError, match="another cis-worker ingest is running"):
        run("reindex", "--home", str(home.folder))
    done = run("reindex", "--home", str(home.folder))
    assert f"1 files of {home.index_path} have the terms of this version." in done.stdout
    assert total(home.index_path) == 1


def test_so_does_the_file_of_the_settings(
    run: Run, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CIS_INDEX", "sqlite")
    monkeypatch.setenv("CIS_SQLITE_PATH", str(home.index_path))
    assert json.loads(run("reindex", "--json").stdout) == {
        "index": str(home.index_path),
        "files": 1,
        "complete": True,
    }
    assert total(home.index_path) == 1
    assert run("reindex", "--rollback").exit_code == 2
    monkeypatch.setenv("CIS_SQLITE_PATH", str(tmp_path / "none"))
    with pytest.raises(MisconfiguredError, match="no index to make anew"):
        run("reindex")


def test_a_stop_leaves_a_file_as_it_was(run: Run, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> list[object]:
        os.kill(os.getpid(), signal.SIGINT)
        return []

    monkeypatch.setattr("worker.index.sqlite.rebuild._terms", interrupt)
    with closing(sqlite3.connect(home.index_path)) as connection:
        connection.execute(
            "INSERT INTO files SELECT NULL, 'second', version, bucket, key, file_name, file_path,"
            "folded_name, folded_path, size_bytes, file_type, state, reason, reason_message, content_hash,"
            "thumbnail_key, artifact_key, image_model, text_model, vectors_pending, indexed_at FROM files"
        )
        connection.commit()
    stopped = run("reindex", "--home", str(home.folder))
    assert stopped.exit_code == 130
    assert f"Stopped; {home.index_path} is as it was." in stopped.stderr
    with closing(sqlite3.connect(home.index_path)) as connection:
        assert connection.execute("SELECT version FROM analysis").fetchall() == [("0 none",)]
