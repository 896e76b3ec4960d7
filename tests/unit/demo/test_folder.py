from __future__ import annotations

from pathlib import Path

import pytest

from worker.demo.folder import DemoHome
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


def test_a_second_run_begins_with_an_empty_folder(tmp_path: Path) -> None:
    home = DemoHome(folder=tmp_path / "new" / "home")
    home.prepare()
    home.samples.mkdir()
    (home.samples / "old.pdf").touch()
    home.page.touch()

    home.prepare()

    assert [entry.name for entry in home.folder.iterdir()] == [".cis-demo"]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    DemoHome(folder=tmp_path).prepare()

    assert (tmp_path / ".cis-demo").is_file()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "thesis.doc"
    theirs.touch()

    with pytest.raises(MisconfiguredError, match="left alone"):
        DemoHome(folder=tmp_path).prepare()

    assert theirs.exists()


def test_a_file_is_no_home(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(MisconfiguredError, match="not a folder"):
        DemoHome(folder=file).prepare()


def test_a_link_out_of_the_home_is_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    home = DemoHome(folder=tmp_path / "home")
    home.prepare()
    (home.folder / "link").symlink_to(outside, target_is_directory=True)

    home.prepare()

    assert (outside / "kept").exists()
    assert not (home.folder / "link").exists()


def test_the_work_folder_is_made_once_and_has_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = DemoHome(folder=Path("home"))
    home.prepare()

    assert home.make_work_folder() == home.make_work_folder() == tmp_path.resolve() / "home" / "work"
    assert (tmp_path / "home" / "work").is_dir()


def test_only_the_page_may_be_kept(tmp_path: Path) -> None:
    home = DemoHome(folder=tmp_path / "home")
    home.prepare()
    home.samples.mkdir()
    home.page.write_text("page")
    (home.folder / "index.sqlite3").touch()

    home.keep_page_only()

    assert sorted(entry.name for entry in home.folder.iterdir()) == [".cis-demo", "index.html"]
