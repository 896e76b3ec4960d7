"""What a process holds, as the next one on its machine finds it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from worker.models.ledger import Claim
from worker.runtime.process_record import ProcessRecord, read_boot_id

pytestmark = pytest.mark.unit

FIRST = Claim(file_id="a" * 64, fence=3, attempt="f" * 32, message_id="")
SECOND = Claim(file_id="b" * 64, fence=1, attempt="e" * 32, message_id="")

# A block that is left, or forgotten, ends its claim.
_NEVER_LEFT: list[AbstractContextManager[None]] = []

WORKER = """
import sys
from pathlib import Path
from worker.models.ledger import Claim
from worker.runtime.process_record import ProcessRecord
record = ProcessRecord(Path(sys.argv[1]), deployment="d", boot_id="boot")
claim = Claim(file_id="a" * 64, fence=3, attempt="f" * 32, message_id="m")
with record.hold(claim):
    print("held", flush=True)
    sys.stdin.read()
record.close()
"""


def _record(folder: Path, *, deployment: str = "d", boot_id: str = "boot") -> ProcessRecord:
    return ProcessRecord(folder, deployment=deployment, boot_id=boot_id)


def _die_holding(record: ProcessRecord, *claims: Claim) -> None:
    """End a process that holds claims: the kernel frees its lock, and nothing else happens."""
    for claim in claims:
        _NEVER_LEFT.append(record.hold(claim))
        _NEVER_LEFT[-1].__enter__()
    os.close(record._lock)


def _swept(record: ProcessRecord) -> list[Claim]:
    found: list[Claim] = []
    record.sweep(found.append)
    return sorted(found, key=lambda claim: claim.file_id)


def test_the_claims_of_a_dead_process_are_found_once(tmp_path: Path) -> None:
    _die_holding(_record(tmp_path), FIRST, SECOND)
    survivor = _record(tmp_path)
    assert _swept(survivor) == [FIRST, SECOND]
    assert _swept(survivor) == []


def test_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    living, other = _record(tmp_path), _record(tmp_path)
    with living.hold(FIRST):
        assert _swept(other) == []
    assert _swept(living) == []


def test_a_claim_that_ended_is_not_in_the_record(tmp_path: Path) -> None:
    record = _record(tmp_path)
    with record.hold(FIRST):
        pass
    _die_holding(record, SECOND)
    assert _swept(_record(tmp_path)) == [SECOND]


def test_a_process_that_stops_leaves_nothing(tmp_path: Path) -> None:
    record = _record(tmp_path)
    with record.hold(FIRST):
        record.close()
        assert _swept(_record(tmp_path)) == []
        with record.hold(SECOND):
            assert _swept(_record(tmp_path)) == []


def test_the_death_of_a_machine_counts_for_nothing(tmp_path: Path) -> None:
    _die_holding(_record(tmp_path, boot_id="before"), FIRST)
    now = _record(tmp_path, boot_id="now")
    assert _swept(now) == []
    assert len(list((tmp_path / f"cis-records-{os.geteuid()}").iterdir())) == 1


def test_the_record_of_another_deployment_is_left_to_its_workers(tmp_path: Path) -> None:
    _die_holding(_record(tmp_path, deployment="theirs"), FIRST)
    assert _swept(_record(tmp_path)) == []
    assert _swept(_record(tmp_path, deployment="theirs")) == [FIRST]


def test_a_claim_that_could_not_be_handled_is_found_again(tmp_path: Path) -> None:
    _die_holding(_record(tmp_path), FIRST)
    survivor = _record(tmp_path)

    def fail(_claim: Claim) -> None:
        raise ConnectionError("the ledger is unavailable")

    with pytest.raises(ConnectionError):
        survivor.sweep(fail)
    assert _swept(survivor) == [FIRST]


def test_a_record_that_was_cleaned_up_is_made_anew(tmp_path: Path) -> None:
    record = _record(tmp_path)
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)
    _die_holding(record, FIRST)
    assert _swept(_record(tmp_path)) == [FIRST]


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    root = tmp_path / f"cis-records-{os.geteuid()}"
    root.mkdir()
    root.chmod(0o777)
    with capture_logs() as lines:
        record = _record(tmp_path)
        with record.hold(FIRST):
            assert list(root.iterdir()) == []
        assert _swept(record) == []
    assert "crash_record_unavailable" in [line["event"] for line in lines]


def test_without_a_boot_id_deaths_are_unknown(tmp_path: Path) -> None:
    record = _record(tmp_path, boot_id="")
    with record.hold(FIRST):
        assert list(tmp_path.iterdir()) == []


def test_the_boot_id_is_the_kernels(tmp_path: Path) -> None:
    assert read_boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert read_boot_id(tmp_path / "none") == ""


@pytest.mark.parametrize(("kill", "found"), [(True, [FIRST]), (False, [])])
def test_only_a_real_process_that_was_killed_is_found(tmp_path: Path, kill: bool, found: list[Claim]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"held\n"
    survivor = _record(tmp_path)
    assert _swept(survivor) == []
    if kill:
        process.kill()
    process.communicate()
    assert _swept(survivor) == found
