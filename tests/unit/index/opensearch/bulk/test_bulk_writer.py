"""Writes of several threads become few requests; every thread gets the result of its own document."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from worker.errors import RejectedError, UnavailableError, WorkerError
from worker.index.opensearch.bulk.bulk_writer import (
    ENOUGH_DOCUMENTS,
    LONGEST_GATHER_S,
    MAX_BYTES,
    MAX_DOCUMENTS,
    QUIET_S,
    BulkAction,
    BulkWriter,
    groups,
)
from worker.runtime.tally import open_tally
from worker.runtime.trace import Trace, follow, opensearch_headers

pytestmark = pytest.mark.unit

_DEADLINE_S = 30.0


def action(name: str, size_bytes: int = 10) -> BulkAction:
    return BulkAction(alias="files", file_id=name, version=1, lines=b"x" * size_bytes)


class Server:
    """Receives requests and responds once `open` is set."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self.open = threading.Event()
        self.began = threading.Semaphore(0)
        self.answer: Callable[[BulkAction], WorkerError | None] = lambda _: None

    def send(self, actions: Sequence[BulkAction]) -> list[WorkerError | None]:
        self.requests.append([each.file_id for each in actions])
        self.began.release()
        assert self.open.wait(_DEADLINE_S)
        return [self.answer(each) for each in actions]


@pytest.fixture
def server() -> Server:
    return Server()


def forever() -> float:
    """A clock that stands still: the wait for a batch never ends."""
    return 0.0


def start(
    pool: ThreadPoolExecutor, writer: BulkWriter, names: Sequence[str]
) -> list[Future[Sequence[WorkerError | None]]]:
    return [pool.submit(writer.write, [action(name)]) for name in names]


def wait_until_waiting(writer: BulkWriter, count: int) -> None:
    tick = threading.Event()
    for _ in range(int(_DEADLINE_S / 0.01)):
        if len(writer._waiting) == count:
            return
        tick.wait(0.01)
    raise AssertionError("they did not come")


def test_a_single_document_is_sent_at_once(server: Server) -> None:
    server.open.set()
    assert list(BulkWriter(server.send, clock=forever).write([action("a")])) == [None]
    assert server.requests == [["a"]]


def test_documents_written_during_a_request_are_sent_together(server: Server) -> None:
    writer = BulkWriter(server.send, clock=forever)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(writer.write, [action("first")])
        server.began.acquire(timeout=_DEADLINE_S)
        others = [pool.submit(writer.write, [action(name)]) for name in "abcdef"]
        wait_until_waiting(writer, 6)
        server.open.set()
        results = [each.result(_DEADLINE_S) for each in [first, *others]]
    assert [list(each) for each in results] == [[None]] * 7
    assert [len(request) for request in server.requests] == [1, 6]


def test_each_thread_gets_the_result_of_its_own_document(server: Server) -> None:
    server.answer = lambda each: RejectedError("no") if each.file_id == "b" else None
    writer = BulkWriter(server.send, clock=forever)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(writer.write, [action("first")])
        server.began.acquire(timeout=_DEADLINE_S)
        others = [pool.submit(writer.write, [action(name), action(name)]) for name in "abc"]
        wait_until_waiting(writer, 3)
        server.open.set()
        first.result(_DEADLINE_S)
        kinds = [[type(error) for error in each.result(_DEADLINE_S)] for each in others]
    assert kinds == [[type(None)] * 2, [RejectedError] * 2, [type(None)] * 2]


def test_a_failing_request_fails_for_all_its_documents_and_no_others() -> None:
    answers = iter([UnavailableError("unavailable")])

    def send(actions: Sequence[BulkAction]) -> list[WorkerError | None]:
        for error in answers:
            raise error
        return [None] * len(actions)

    writer = BulkWriter(send)
    with pytest.raises(UnavailableError, match="unavailable"):
        writer.write([action("a")])
    assert list(writer.write([action("b")])) == [None]


def test_after_the_wait_a_second_request_runs_beside_the_first(server: Server) -> None:
    now = iter([0.0, 10.0, 20.0, 30.0, 40.0])
    writer = BulkWriter(server.send, clock=lambda: next(now))
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(writer.write, [action("slow")])
        server.began.acquire(timeout=_DEADLINE_S)
        second = pool.submit(writer.write, [action("second")])
        assert server.began.acquire(timeout=_DEADLINE_S), "the second waits for the first"
        server.open.set()
        slow.result(_DEADLINE_S)
        second.result(_DEADLINE_S)
    assert server.requests == [["slow"], ["second"]]


def test_groups_are_bounded_by_documents_and_bytes() -> None:
    many = [[action(str(number))] for number in range(2 * MAX_DOCUMENTS + 1)]
    assert [len(group) for group in groups(many)] == [MAX_DOCUMENTS, MAX_DOCUMENTS, 1]
    half = MAX_BYTES // 2
    large = [[action("a", half)], [action("b", half)], [action("c", 10)], [action("d", 10)]]
    assert [[each[0].file_id for each in group] for group in groups(large)] == [["a", "b"], ["c", "d"]]


def test_a_document_larger_than_a_request_goes_alone(server: Server) -> None:
    huge = [action("huge", MAX_BYTES + 1)]
    assert [len(group) for group in groups([[action("a")], huge, [action("b")]])] == [1, 1, 1]
    server.open.set()
    assert list(BulkWriter(server.send).write(huge)) == [None]


def test_nothing_is_lost_or_sent_twice_under_load(server: Server) -> None:
    server.open.set()
    writer = BulkWriter(server.send)
    with ThreadPoolExecutor(16) as pool:
        names = [str(number) for number in range(1_000)]
        list(pool.map(lambda name: writer.write([action(name)]), names))
    assert sorted(name for request in server.requests for name in request) == sorted(names)


def test_a_group_names_the_documents_of_all_its_threads(server: Server) -> None:
    named: list[str] = []

    def send(actions: Sequence[BulkAction]) -> list[WorkerError | None]:
        named.append(opensearch_headers()["X-Opaque-Id"])
        return server.send(actions)

    writer = BulkWriter(send, clock=forever)

    def write(name: str) -> int:
        with follow(Trace(correlation=f"req-{name}")), open_tally() as tally:
            writer.write([action(name)])
        return tally.calls["opensearch"]

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(write, "a")
        assert server.began.acquire(timeout=_DEADLINE_S)
        others = [pool.submit(write, name) for name in ("b", "c")]
        wait_until_waiting(writer, 2)
        server.open.set()
        counted = first.result(_DEADLINE_S) + sum(other.result(_DEADLINE_S) for other in others)
    assert named[0] == "req-a"
    assert sorted(named[1].split(",")) == ["req-b", "req-c"]
    # The sender's own request is counted by the connection, which is not in this test.
    assert counted == 1


class Backlog:
    """A writer in a backlog, on a clock that the test moves."""

    def __init__(self, server: Server) -> None:
        server.open.set()
        self.now = 0.0
        self.lasts = True
        self._alone = threading.local()
        self.writer = BulkWriter(
            server.send,
            expects_more=lambda: self.lasts and not hasattr(self._alone, "is_set"),
            clock=lambda: self.now,
        )

    def write_alone(self, name: str) -> None:
        """Write in a thread that is not part of the backlog."""
        self._alone.is_set = True
        self.writer.write([action(name)])


def test_in_a_backlog_documents_are_gathered_until_they_are_enough(server: Server) -> None:
    backlog = Backlog(server)
    with ThreadPoolExecutor(ENOUGH_DOCUMENTS) as pool:
        names = [str(number) for number in range(ENOUGH_DOCUMENTS)]
        waiting = start(pool, backlog.writer, names[:-1])
        wait_until_waiting(backlog.writer, ENOUGH_DOCUMENTS - 1)
        assert server.requests == []
        backlog.writer.write([action(names[-1])])
        wait(waiting, _DEADLINE_S)
    assert [sorted(request) for request in server.requests] == [sorted(names)]


def test_in_a_backlog_enough_bytes_are_not_kept_waiting(server: Server) -> None:
    backlog = Backlog(server)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(backlog.writer.write, [action("small")])
        wait_until_waiting(backlog.writer, 1)
        backlog.writer.write([action("large", MAX_BYTES - 10)])
        first.result(_DEADLINE_S)
    assert server.requests == [["small", "large"]]


def test_in_a_backlog_a_document_waits_until_none_has_come_for_a_while(server: Server) -> None:
    backlog = Backlog(server)
    with ThreadPoolExecutor(1) as pool:
        alone = pool.submit(backlog.writer.write, [action("a")])
        wait_until_waiting(backlog.writer, 1)
        backlog.now = QUIET_S
        alone.result(_DEADLINE_S)
    assert server.requests == [["a"]]


def test_in_a_backlog_no_document_waits_longer_than_its_time_for_slow_others(server: Server) -> None:
    backlog = Backlog(server)
    names = [f"at {at}" for at in (0.0, 0.9, 1.8, 2.7, 2.9)]
    with ThreadPoolExecutor(len(names)) as pool:
        writes = []
        for number, name in enumerate(names):
            backlog.now = float(name.split()[1])
            writes.append(pool.submit(backlog.writer.write, [action(name)]))
            wait_until_waiting(backlog.writer, number + 1)
        assert server.requests == []
        backlog.now = LONGEST_GATHER_S
        wait(writes, _DEADLINE_S)
        sent = list(server.requests)
        backlog.lasts = False
    assert sent == [names]


def test_a_write_that_waits_for_nobody_takes_along_those_that_wait(server: Server) -> None:
    backlog = Backlog(server)
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(backlog.writer.write, [action("patient")])
        wait_until_waiting(backlog.writer, 1)
        backlog.write_alone("replayed")
        patient.result(_DEADLINE_S)
    assert server.requests == [["patient", "replayed"]]


def test_the_end_of_the_backlog_ends_the_wait(server: Server) -> None:
    backlog = Backlog(server)
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(backlog.writer.write, [action("a")])
        wait_until_waiting(backlog.writer, 1)
        backlog.lasts = False
        patient.result(_DEADLINE_S)
    assert server.requests == [["a"]]
