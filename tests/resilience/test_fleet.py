"""Single stories of a simulated fleet: stops, stalls and deaths in the middle of a scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.resilience.faults import Call, Fault, Kind
from tests.resilience.invariants import assert_promises, ocr_counts, story
from tests.resilience.weather import Weather

if TYPE_CHECKING:
    from tests.resilience.conftest import MakeWorld
    from tests.resilience.world import World

pytestmark = pytest.mark.resilience

HOUR_S = 3_600.0


def put_scan(world: World, *, pages: int, ocr_s: float) -> None:
    world.is_orderly = True
    world.put("scan", pages=pages, ocr=list(range(1, pages + 1)), ocr_s=ocr_s)


def run_until(world: World, done: Callable[[], bool], *, within_s: float = HOUR_S) -> None:
    ends = world.scheduler.now + within_s
    while not done():
        assert world.scheduler.now < ends, story(world)
        world.run(1.0)


def log_of(world: World, event: str) -> list[str]:
    return [line for line in world.fleet.log if line.split()[3] == event]


def test_every_kind_of_file_ends_in_its_state(world: World) -> None:
    world.fleet.start()
    world.put("text", pages=3)
    world.put("scan", pages=3, ocr=[2, 3])
    world.put("locked", fails="encrypted")
    world.put("killer", pages=3, ocr=[1, 2, 3], kills=2)
    world.put_bytes("empty", b"")
    world.put_bytes("odd", b"\x00\x01")
    world.put("gone")
    world.delete("gone")
    world.move("text", "moved")
    world.drain()
    assert_promises(world)
    assert {one.exit_status for one in world.fleet.workers} == {0}


def test_the_same_seed_is_the_same_run(make_world: MakeWorld) -> None:
    runs = []
    for _ in range(2):
        with make_world(seed=3) as world:
            world.fleet.start()
            world.fleet.start()
            put_scan(world, pages=4, ocr_s=10)
            world.put("text")
            world.run(20)
            world.scheduler.kill(world.fleet.workers[0].process)
            world.drain()
            runs.append(world.network.calls)
    assert runs[0] == runs[1]


def test_another_seed_is_another_run(make_world: MakeWorld) -> None:
    runs = []
    for seed in (1, 2):
        with make_world(seed=seed) as world:
            world.fleet.start()
            world.put("text")
            world.drain()
            runs.append(world.network.calls)
    assert runs[0] != runs[1]


def test_a_worker_that_stood_still_past_its_lease_writes_nothing(world: World) -> None:
    first = world.fleet.start()
    put_scan(world, pages=6, ocr_s=30)
    run_until(world, lambda: bool(world.fleet.ocred))
    world.scheduler.pause(first.process, 600)
    second = world.fleet.start()
    run_until(world, lambda: f" {second.name}/" in "".join(log_of(world, "document_done")))
    at = len(world.network.calls)
    world.run(700)
    written = [line for line in world.network.calls[at:] if " w1/" in line and "index." in line]
    assert written == [], story(world)
    world.drain()
    assert_promises(world)


@pytest.mark.parametrize(
    "write", ["dynamodb.Claim", "dynamodb.Checkpoint", "dynamodb.Commit", "index.Write", "s3.PutObject"]
)
def test_a_write_that_arrives_after_another_workers_changes_nothing(world: World, write: str) -> None:
    weather = Weather(world.random)
    world.faults = weather
    first = world.fleet.start()
    put_scan(world, pages=4, ocr_s=13)
    weather.once[write] = Fault(kind=Kind.STALL_BEFORE, delay_s=600)
    run_until(world, lambda: first.process.paused_until > world.scheduler.now)
    second = world.fleet.start()
    world.put("scan", pages=2, text="changed")
    run_until(world, lambda: any(f" {second.name}/" in line for line in log_of(world, "document_done")))
    run_until(world, lambda: first.process.paused_until < world.scheduler.now)
    world.drain()
    assert_promises(world)


def test_five_notices_cost_no_page_and_no_receive(world: World) -> None:
    put_scan(world, pages=40, ocr_s=45)
    for _ in range(5):
        one = world.fleet.start()
        world.run(45 + world.random.uniform(0, 30))
        one.notice_at = world.scheduler.now + 120
        run_until(world, lambda one=one: not one.is_running)  # type: ignore[misc]
        assert one.exit_status == 0
        assert {message.receive_count for message in world.work.messages} == {0}
    world.drain()
    assert_promises(world)
    counts = ocr_counts(world)
    assert len(counts) == 40
    assert set(counts.values()) == {1}


def test_five_kills_repeat_half_a_minute_of_ocr_each_at_most(world: World) -> None:
    put_scan(world, pages=40, ocr_s=6)
    for _ in range(5):
        one = world.fleet.start()
        before = len(world.fleet.ocred)
        run_until(world, lambda before=before: len(world.fleet.ocred) >= before + 8)  # type: ignore[misc]
        world.scheduler.kill(one.process)
    world.drain()
    assert_promises(world)
    repeated_s = 6 * sum(count - 1 for count in ocr_counts(world).values())
    assert repeated_s <= 5 * 30


def lose_polls(call: Call) -> Fault | None:
    return Fault(kind=Kind.DROP_ANSWER) if call.operation == "ReceiveMessage" else None


@pytest.mark.parametrize("loses_polls", [False, True])
def test_what_a_stopping_worker_requeues_is_not_swallowed_by_its_own_poll(
    make_world: MakeWorld, loses_polls: bool
) -> None:
    for seed in range(4):
        with make_world(seed=seed) as world:
            one = world.fleet.start()
            put_scan(world, pages=200, ocr_s=4)
            run_until(world, lambda world=world: bool(world.fleet.ocred))  # type: ignore[misc]
            if loses_polls:
                # The connection breaks, and the server still holds the poll open.
                world.faults = lose_polls
                run_until(world, lambda world=world: "DROP_ANSWER" in "".join(world.network.calls))  # type: ignore[misc]
            one.signal()
            run_until(world, lambda one=one: not one.is_running)  # type: ignore[misc]
            world.run(60)
            assert [message.receive_count for message in world.work.messages] == [0], story(world)


def test_a_settled_message_is_not_renewed_any_more(world: World) -> None:
    world.fleet.start()
    put_scan(world, pages=2, ocr_s=50)
    run_until(world, lambda: bool(log_of(world, "document_done")))
    world.run(5)
    renewals = [line for line in world.network.calls if "ChangeMessageVisibilityBatch" in line]
    assert renewals != []
    world.run(300)
    assert [line for line in world.network.calls if "ChangeMessageVisibilityBatch" in line] == renewals


def test_a_renewal_under_way_does_not_undo_the_delay_of_a_retry(world: World) -> None:
    def plan(call: Call) -> Fault | None:
        if call.operation == "ChangeMessageVisibilityBatch":
            return Fault(kind=Kind.DELAY, delay_s=15)
        is_check = call.operation == "HeadObject" and call.at > began + 40
        return Fault(kind=Kind.STATUS, status=503) if is_check else None

    began = world.scheduler.now
    world.fleet.start()
    # The OCR ends while the renewal at 40 s is on its way, and the check of the object fails.
    put_scan(world, pages=1, ocr_s=45)
    world.faults = plan
    run_until(world, lambda: bool(log_of(world, "attempt_ended")))
    hidden = "sqs.ChangeMessageVisibility"
    run_until(world, lambda: any(hidden in line.split() for line in world.network.calls))
    world.run(20)
    (message,) = world.work.messages
    assert message.visible_at - world.scheduler.now < 30, story(world)
    world.drain()
    assert_promises(world)


@pytest.mark.slow
def test_a_scan_of_thirteen_hours_is_handed_to_a_fresh_message_once(world: World) -> None:
    world.scheduler.slow_s = (8.0, 12.0)
    world.fleet.changes |= {"document_timeout_s": 14 * HOUR_S, "page_timeout_s": 600, "max_documents": 1}
    world.fleet.start()
    put_scan(world, pages=200, ocr_s=470)
    run_until(world, lambda: bool(log_of(world, "document_done")), within_s=16 * HOUR_S)
    world.drain()
    assert_promises(world)
    assert sum("sqs.SendMessage" in line.split() for line in world.network.calls) == 1
    assert set(ocr_counts(world).values()) == {1}
    assert log_of(world, "extend_refused") == []


def test_lost_messages_come_back_and_are_not_counted_as_failures(world: World) -> None:
    world.fleet.start()
    world.faults = lose_polls
    world.put("text")
    world.run(30)
    assert [message.receive_count for message in world.work.messages] != [0]
    world.drain()
    assert_promises(world)


def test_a_batch_that_fails_in_part_loses_nothing(world: World) -> None:
    world.fleet.start()
    world.faults = lambda call: Fault(kind=Kind.FAIL_ENTRIES) if call.operation.endswith("Batch") else None
    for number in range(6):
        world.put(f"text {number}")
    put_scan(world, pages=8, ocr_s=40)
    world.run(400)
    world.drain()
    assert_promises(world)


@pytest.mark.parametrize("service", ["s3", "sqs", "dynamodb", "bedrock-runtime", "index"])
@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_minute_without_a_service_changes_nothing(world: World, service: str, status: int) -> None:
    one = world.fleet.start()
    world.faults = lambda call: Fault(kind=Kind.STATUS, status=status) if call.service == service else None
    for number in range(6):
        world.put(f"text {number}")
    world.run(60)
    world.drain()
    assert_promises(world)
    assert world.fleet.workers == [one]
    assert one.exit_status == 0


@pytest.mark.parametrize("kind", [Kind.DIE_BEFORE, Kind.DIE_AFTER, Kind.DROP_ANSWER])
def test_a_worker_that_is_killed_with_its_batch_of_deletes_loses_and_repeats_nothing(
    world: World, kind: Kind
) -> None:
    weather = Weather(world.random)
    world.faults, world.is_orderly = weather, True
    weather.once["sqs.DeleteMessageBatch"] = Fault(kind=kind)
    world.fleet.start()
    for number in range(4):
        world.put(f"text {number}")
    run_until(world, lambda: not weather.once)
    world.fleet.start()
    world.drain()
    assert_promises(world)
    # What came again was found done by its row, and deleted.
    assert log_of(world, "file_unchanged") or kind is not Kind.DIE_BEFORE, story(world)
    assert not world.dead.messages


def test_finished_messages_are_deleted_together_and_soon(world: World) -> None:
    world.is_orderly = True
    world.fleet.start()
    for number in range(12):
        world.put(f"text {number}")
    run_until(world, lambda: not world.work.messages, within_s=60)
    deletes = [line for line in world.network.calls if "DeleteMessageBatch" in line]
    assert 2 <= len(deletes) <= 8, story(world)
    world.drain()
    assert_promises(world)
