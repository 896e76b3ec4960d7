"""The folder of records: writable, private, and outliving the worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from worker.config import load_settings
from worker.operation.finding import Finding, Level
from worker.operation.state_folder import state_folder_check, state_folder_findings
from worker.runtime.process_record import records_folder

pytestmark = pytest.mark.unit

MACHINE = """\
22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:26 / /dev/shm rw,nosuid shared:2 - tmpfs tmpfs rw
"""
CONTAINER = r"""
500 400 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/a
501 500 0:51 / /dev/shm rw - tmpfs shm rw,size=65536k
502 500 259:1 /srv/state /var/lib/with\040space rw - ext4 /dev/root rw
"""


def _found(folder: Path, mounts: Path, text: str = MACHINE) -> Finding:
    mounts.write_text(text)
    (finding,) = state_folder_findings(folder, boot_id="boot", mounts=mounts)
    return finding


@pytest.fixture
def mounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proc") / "mountinfo"


def test_a_folder_on_disk_is_fine_and_left_as_it_was(tmp_path: Path, mounts: Path) -> None:
    finding = _found(tmp_path, mounts)
    assert (finding.level, "kept over a restart" in finding.message) == (Level.OK, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_made_by_the_worker(tmp_path: Path, mounts: Path) -> None:
    assert _found(tmp_path / "a" / "b", mounts).level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_memory_is_fine_on_a_machine(mounts: Path) -> None:
    finding = _found(Path("/dev/shm/somewhere"), mounts)
    assert (finding.level, "forgotten at a restart" in finding.message) == (Level.OK, True)


@pytest.mark.parametrize(
    ("folder", "place"), [("/dev/shm", "memory"), ("/tmp", "layer"), ("/tmp/state/none", "layer")]
)
def test_what_goes_with_its_container_is_a_risk(folder: str, place: str, mounts: Path) -> None:
    finding = _found(Path(folder), mounts, CONTAINER)
    assert finding.level is Level.WARNING
    assert f"{place} of this container" in finding.message
    assert "volume" in finding.advice


def test_a_volume_outlives_its_container(mounts: Path) -> None:
    # Its parents exist on no machine of these tests: what is tried is the nearest that does.
    assert _found(Path("/var/lib/with space/x"), mounts, CONTAINER).level is Level.OK


def test_without_mounts_to_read_the_folder_itself_decides(tmp_path: Path) -> None:
    (finding,) = state_folder_findings(tmp_path, boot_id="boot", mounts=tmp_path / "none")
    assert finding.level is Level.OK


def test_a_folder_that_cannot_be_written_is_a_risk(tmp_path: Path, mounts: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = _found(tmp_path / "file", mounts)
    assert finding.level is Level.WARNING
    assert "cannot be used" in finding.message
    assert "CIS_STATE_DIR" in finding.advice


def test_records_that_others_could_read_or_replace_are_a_risk(tmp_path: Path, mounts: Path) -> None:
    records = records_folder(tmp_path)
    records.mkdir(mode=0o700)
    assert _found(tmp_path, mounts).level is Level.OK
    records.chmod(0o755)
    assert "open to other users (mode 755)" in _found(tmp_path, mounts).message
    records.rmdir()
    records.symlink_to(tmp_path)
    assert "is no folder" in _found(tmp_path, mounts).message


def test_records_of_another_user_are_a_risk(
    tmp_path: Path, mounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    records_folder(tmp_path).mkdir(mode=0o700)
    assert "belongs to another user" in _found(tmp_path, mounts).message


def test_without_a_boot_id_nothing_is_recorded(tmp_path: Path) -> None:
    (finding,) = state_folder_findings(tmp_path, boot_id="")
    assert (finding.level, "boot id" in finding.message) == (Level.WARNING, True)


def test_the_check_is_of_the_folder_that_is_set(tmp_path: Path) -> None:
    (finding,) = state_folder_check(load_settings(state_dir=tmp_path)).run()
    assert str(tmp_path) in finding.message
