"""The command `publish`: what it prints, and its exit status."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner, Result

from tests.unit.cli.test_reconcile import aws  # noqa: F401 - a fixture
from worker.aws.clients import Clients
from worker.cli.main import app
from worker.errors import MisconfiguredError
from worker.home.manifest import Manifest, ManifestEntry
from worker.models.ledger import State

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one file."""
    folder, path = tmp_path / "home", tmp_path / "a.txt"
    folder.mkdir()
    (folder / "index.sqlite3").touch()
    path.write_text("text")
    with closing(Manifest(folder / "manifest.sqlite3")) as manifest:
        manifest.put(
            ManifestEntry(
                path=str(path),
                file_id="f",
                size_bytes=4,
                mtime_ns=path.stat().st_mtime_ns,
                sha256="aa",
                made_with="key m t",
                state=State.INDEXED,
            )
        )
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["publish", *map(str, arguments)], catch_exceptions=False)


def test_what_was_sent_is_counted(aws: Clients, home: Path) -> None:  # noqa: F811
    dry = run("s3://source/nas/", "--home", home, "--dry-run")
    assert "1 files: 1 originals and 0 results (0.0 MB) and 1 messages would be sent" in dry.stdout
    sent = run("s3://source/nas/", "--home", home, "--json")
    values = json.loads(sent.stdout)
    assert (sent.exit_code, values["originals"], values["same_reading"], values["finished"]) == (
        0,
        1,
        None,
        True,
    )
    (listed,) = aws.s3.list_objects_v2(Bucket="source")["Contents"]
    assert listed["Key"].startswith("nas/")
    again = run("s3://source/nas/", "--home", home)
    assert "0 originals and 0 results" in again.stdout
    assert "The fleet has read nothing yet." in again.stdout


def test_a_prefix_is_a_folder_and_groups_go_along(aws: Clients, home: Path) -> None:  # noqa: F811
    for location in ("s3://source/docs", "s3://source/docs/"):
        assert run(location, "--home", home, "--groups", "sales, board").exit_code == 0
    (listed,) = aws.s3.list_objects_v2(Bucket="source")["Contents"]
    assert listed["Key"].startswith("docs/")
    head = aws.s3.head_object(Bucket="source", Key=listed["Key"])
    assert unquote(head["Metadata"]["cis-groups"]) == "sales,board"


def test_files_that_are_left_out_are_named_and_the_status_is_one(
    aws: Clients,  # noqa: F811
    home: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "a.txt").write_text("changed")
    ended = run("s3://source/", "--home", home)
    assert ended.exit_code == 1
    assert "run cis-worker ingest first" in ended.stderr
    assert "1 left out: gone, or changed since they were read." in ended.stdout


def test_missing_settings_and_wrong_places_are_named(
    aws: Clients,  # noqa: F811
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(MisconfiguredError, match="Bucket results is not a source"):
        run("s3://results/", "--home", home)
    monkeypatch.delenv("CIS_QUEUE_URL")
    monkeypatch.delenv("CIS_FILE_TABLE")
    with pytest.raises(MisconfiguredError, match="Not set: CIS_QUEUE_URL, CIS_FILE_TABLE"):
        run("s3://source/", "--home", home)
    with pytest.raises(MisconfiguredError, match="nothing was ingested into"):
        run("s3://source/", "--home", home / "none")
