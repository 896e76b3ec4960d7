"""How much a worker receives while its machine cannot work. The clock is the test's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.unit.clock import Clock
from worker.delivery.local_health import FAILURES_IN_A_ROW, Floors, LocalHealth
from worker.errors import (
    Code,
    LocalFaultError,
    ProcessingError,
    RejectedError,
    ReportedFaultError,
    UnavailableError,
)
from worker.runtime.machine.free_memory import Memory
from worker.runtime.metrics import Metrics
from worker.runtime.shutdown import Shutdown
from worker.runtime.work_root import WorkRoot

pytestmark = pytest.mark.unit

GIB = 1024**3
HUGE = 2**62


@dataclass
class Machine:
    """A machine whose memory the test sets."""

    memory: Memory | None = None

    def read(self) -> Memory | None:
        return self.memory


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def make(tmp_path: Path, clock: Clock, machine: Machine) -> Callable[..., LocalHealth]:
    (tmp_path / "work").mkdir()

    def health(**floors: float) -> LocalHealth:
        return LocalHealth(
            work_root=WorkRoot(tmp_path / "work", memory=tmp_path / "none"),
            floors=Floors(**{"disk_bytes": 0, **floors}),  # type: ignore[arg-type]
            shutdown=Shutdown(timeout_s=110, clock=clock),
            metrics=Metrics(),
            read_memory=machine.read,
        )

    return health


def _fail(health: LocalHealth, times: int = FAILURES_IN_A_ROW) -> None:
    for _ in range(times):
        health.record_failure("the disk is broken")


def test_a_machine_that_works_receives_up_to_the_limit(make: Callable[..., LocalHealth]) -> None:
    health = make()
    assert health.places(6, in_flight=0) == 6
    assert health.pause_reason == ""


def test_three_local_faults_in_a_row_pause_receiving_and_probes_come_ever_later(
    make: Callable[..., LocalHealth], clock: Clock
) -> None:
    health = make()
    _fail(health, 2)
    assert health.places(6, in_flight=0) == 6
    began = clock.now
    probes: list[float] = []
    health.record_failure("the disk is broken")
    while len(probes) < 6:
        clock.now += 1
        if health.places(6, in_flight=0):
            assert health.places(6, in_flight=0) == 1
            probes.append(clock.now - began)
            health.record_failure("the disk is broken")
    assert probes == [10, 30, 70, 150, 270, 390]
    assert "the disk is broken" in health.pause_reason


def test_failures_of_what_was_received_before_the_pause_do_not_make_it_longer(
    make: Callable[..., LocalHealth], clock: Clock
) -> None:
    health = make()
    _fail(health, 10)
    clock.now += 10
    assert health.places(6, in_flight=0) == 1


def test_a_success_in_between_shows_that_the_machine_works(make: Callable[..., LocalHealth]) -> None:
    health = make()
    for _ in range(5):
        _fail(health, 2)
        health.record_success()
    assert health.places(6, in_flight=0) == 6


def test_a_probe_that_succeeds_ends_the_pause(make: Callable[..., LocalHealth], clock: Clock) -> None:
    health = make()
    with capture_logs() as lines:
        _fail(health)
        assert b"cis_receiving_paused 1.0" in health.metrics.render()
        clock.now += 10
        health.record_success()
    assert [line["event"] for line in lines] == ["receiving_paused", "receiving_resumed"]
    assert health.places(6, in_flight=0) == 6
    assert b"cis_receiving_paused 0.0" in health.metrics.render()
    assert b"cis_local_faults_total 3.0" in health.metrics.render()
    assert b"cis_local_faults_in_a_row 0.0" in health.metrics.render()


def test_a_worker_that_does_not_recover_stops_with_a_failure(
    make: Callable[..., LocalHealth], clock: Clock
) -> None:
    health = make(timeout_s=100)
    _fail(health)
    clock.now += 99
    health.record_failure("the disk is broken")
    assert not health.shutdown.is_requested
    clock.now += 1
    health.record_failure("the disk is broken")
    assert isinstance(health.shutdown.failure, LocalFaultError)
    assert "the disk is broken" in str(health.shutdown.failure)


@pytest.mark.parametrize(
    ("floors", "memory", "setting"),
    [
        ({"disk_bytes": HUGE}, None, "CIS_MIN_FREE_DISK_BYTES"),
        ({"memory_bytes": 101}, Memory(total_bytes=1_000, available_bytes=100), "CIS_MIN_FREE_MEMORY_BYTES"),
        ({}, Memory(total_bytes=8 * GIB, available_bytes=255 * 1024**2), "CIS_MIN_FREE_MEMORY_BYTES"),
        ({}, Memory(total_bytes=GIB, available_bytes=GIB // 10 - 1), "CIS_MIN_FREE_MEMORY_BYTES"),
    ],
)
def test_nothing_is_received_below_a_floor(
    make: Callable[..., LocalHealth],
    machine: Machine,
    floors: dict[str, float],
    memory: Memory | None,
    setting: str,
) -> None:
    machine.memory = memory
    health = make(**floors)
    assert health.places(6, in_flight=0) == 0
    assert setting in health.pause_reason


@pytest.mark.parametrize(
    ("total_bytes", "available_bytes"), [(8 * GIB, 256 * 1024**2), (GIB, GIB // 10), (GIB // 2, GIB // 16)]
)
def test_the_default_floor_leaves_small_machines_at_work(
    make: Callable[..., LocalHealth], machine: Machine, total_bytes: int, available_bytes: int
) -> None:
    machine.memory = Memory(total_bytes=total_bytes, available_bytes=available_bytes)
    assert make().places(6, in_flight=0) == 6


def test_receiving_resumes_above_the_floor(
    make: Callable[..., LocalHealth], machine: Machine, clock: Clock
) -> None:
    machine.memory = Memory(total_bytes=8 * GIB, available_bytes=0)
    health = make()
    assert health.places(6, in_flight=0) == 0
    machine.memory = Memory(total_bytes=8 * GIB, available_bytes=GIB)
    clock.now += 1
    assert health.places(6, in_flight=0) == 6
    assert health.pause_reason == ""


def test_a_shortage_stops_the_worker_in_the_end_but_not_while_it_works(
    make: Callable[..., LocalHealth], clock: Clock
) -> None:
    health = make(disk_bytes=HUGE, timeout_s=100)
    health.places(6, in_flight=2)
    clock.now += 100
    assert health.places(6, in_flight=2) == 0
    assert health.shutdown.failure is None
    assert health.places(6, in_flight=0) == 0
    assert isinstance(health.shutdown.failure, LocalFaultError)


def test_a_work_folder_that_is_gone_is_created_again(make: Callable[..., LocalHealth]) -> None:
    health = make()
    shutil.rmtree(health.work_root.path.parent)
    assert health.places(6, in_flight=0) == 6
    assert health.work_root.path.is_dir()


def test_nothing_is_received_while_the_work_folder_cannot_be_created(
    make: Callable[..., LocalHealth],
) -> None:
    health = make()
    parent = health.work_root.path.parent
    shutil.rmtree(parent)
    parent.write_text("a file in its place")
    assert health.places(6, in_flight=0) == 0
    assert "CIS_WORK_DIR" in health.pause_reason


def test_a_file_that_can_never_fit_the_disk_is_too_large(make: Callable[..., LocalHealth]) -> None:
    health = make()
    with pytest.raises(RejectedError, match="CIS_WORK_DIR") as caught, health.reserve_room("big.pdf", HUGE):
        pass
    assert caught.value.code is Code.TOO_LARGE


def test_a_file_that_does_not_fit_beside_the_floor_is_too_large(make: Callable[..., LocalHealth]) -> None:
    space = os.statvfs("/tmp")
    health = make(disk_bytes=space.f_blocks * space.f_frsize)
    with pytest.raises(RejectedError), health.reserve_room("a.pdf", 1):
        pass


def test_a_file_that_does_not_fit_now_waits_without_being_counted(make: Callable[..., LocalHealth]) -> None:
    health = make()
    space = os.statvfs(health.work_root.path)
    half_bytes = space.f_bavail * space.f_frsize // 2 + 64 * 1024**2
    # What a download in progress will write is not free, although it is not written yet.
    with (
        health.reserve_room("a.pdf", half_bytes),
        pytest.raises(UnavailableError) as caught,
        health.reserve_room("b.pdf", half_bytes),
    ):
        pass
    assert caught.value.code is Code.NO_ROOM
    assert not caught.value.counts_as_failure
    with health.reserve_room("b.pdf", half_bytes):
        pass


def test_a_fault_that_a_reading_process_reports_is_accepted_where_it_is_seen(
    make: Callable[..., LocalHealth],
) -> None:
    reported = ReportedFaultError("the disk is full")
    assert isinstance(make(disk_bytes=HUGE).verify(reported), LocalFaultError)
    health = make()
    neighbour = health.work_root.make_document_folder()
    waiting = health.verify(reported)
    assert waiting.code is Code.NO_ROOM
    neighbour.rmdir()
    counted = health.verify(reported)
    assert isinstance(counted, ProcessingError)
    assert counted.counts_as_failure
