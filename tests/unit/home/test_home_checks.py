"""What the doctor says to a person with a folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli.test_search import document
from worker.config import load_settings
from worker.errors import MisconfiguredError
from worker.home.folder import Home
from worker.home.home_checks import folder_findings, home_checks, index_findings, stand_in_findings
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.operation.finding import Level

pytestmark = pytest.mark.unit


def test_nothing_of_aws_is_checked(tmp_path: Path) -> None:
    subjects = [check.subject for check in home_checks(load_settings(), Home(folder=tmp_path))]
    assert {"tesseract", "languages", "memory", "home", "index", "stand-ins"} <= set(subjects)
    assert {"aws", "metadata", "queue"} & set(subjects) == set()


def test_a_folder_that_is_still_to_be_made_is_fine_and_one_that_cannot_be_is_not(tmp_path: Path) -> None:
    (found,) = folder_findings(Home(folder=tmp_path / "a" / "b"))
    assert found.level is Level.OK
    assert "will be made by the first ingest" in found.message
    assert list(tmp_path.iterdir()) == []
    (found,) = folder_findings(Home(folder=tmp_path))
    assert "will be made" not in found.message
    (tmp_path / "file").touch()
    (found,) = folder_findings(Home(folder=tmp_path / "file" / "home"))
    assert (found.level, "cannot be written to" in found.message) == (Level.FAILURE, True)


def test_the_index_is_counted_and_a_damaged_one_is_an_error(tmp_path: Path) -> None:
    home = Home(folder=tmp_path)
    assert "nothing was ingested yet" in index_findings(home)[0].message
    with closing(SqliteIndex(home.index_path)) as index:
        index.index_document(document("/a.pdf"), version=1)
    assert index_findings(home)[0].message == "1 file"
    home.index_path.write_bytes(b"something else" * 100)
    with pytest.raises(MisconfiguredError, match="cannot be used"):
        index_findings(home)


def test_without_the_stand_ins_the_extra_is_named() -> None:
    assert stand_in_findings()[0].level is Level.OK
    (found,) = stand_in_findings("no_such_package")
    assert (found.level, found.advice) == (Level.FAILURE, "pip install 'cis-worker[home]'")
