"""Which home is meant: the option, CIS_HOME, the settings' index, or the user's data folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from worker.cli.home.opening import HomeOption, home_folder, open_index
from worker.errors import MisconfiguredError
from worker.index.sqlite.sqlite_index import SqliteIndex

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a user without settings."""
    for name in ("CIS_HOME", "CIS_INDEX", "CIS_SQLITE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "cis-worker"


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    with closing(SqliteIndex(folder / "index.sqlite3")):
        return folder


def test_without_a_name_it_is_in_the_users_data_folder(data: Path, tmp_path: Path) -> None:
    assert home_folder(None).folder == data
    assert home_folder(tmp_path / "other").folder == tmp_path / "other"
    with pytest.raises(MisconfiguredError, match=f"nothing was ingested into {data} yet"), open_index(None):
        pass
    _make(data)
    with open_index(None) as (_, home):
        assert home is not None
        assert home.folder == data


def test_a_relative_data_folder_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_folder(None).folder == tmp_path / ".local" / "share" / "cis-worker"


def test_an_index_of_the_settings_goes_before_the_data_folder(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(data)
    path = _make(tmp_path / "worker") / "index.sqlite3"
    monkeypatch.setenv("CIS_SQLITE_PATH", str(path))
    with open_index(None) as (_, home):
        assert home is None
    path.unlink()
    with pytest.raises(MisconfiguredError, match="CIS_SQLITE_PATH"), open_index(None):
        pass


def test_the_option_goes_before_the_variable(tmp_path: Path) -> None:
    app = typer.Typer()

    @app.command()
    def command(home: HomeOption = None) -> None:
        typer.echo(home)

    env = {"CIS_HOME": str(tmp_path / "a")}
    assert CliRunner().invoke(app, [], env=env).stdout == f"{tmp_path / 'a'}\n"
    assert CliRunner().invoke(app, ["--home", "b"], env=env).stdout == "b\n"
