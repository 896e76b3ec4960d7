from __future__ import annotations

import pytest

from worker.demo.log_observer import LogObserver
from worker.demo.run_record import Severity
from worker.embedded.worker_process import LogLine

pytestmark = pytest.mark.unit


def an_observer(clock: list[float] | None = None) -> LogObserver:
    times = clock or [1.0]
    observer = LogObserver(clock=lambda: times[-1], names={"s": "scan.pdf", "o": "other.txt"}, scan_id="s")
    observer.record_start(1)
    observer.record_start(2)
    return observer


def test_an_ocred_page_is_a_read_of_its_worker() -> None:
    clock = [1.0]
    observer = an_observer(clock)
    clock.append(7.5)

    observer.on_line(2, {"event": "page_ocred", "file": "s", "page": 4, "seconds": 1.25})
    observer.on_line(2, {"event": "page_ocred", "file": "o", "page": 1, "seconds": 3})

    read = observer.reads[0]
    assert (read.worker, read.file_id, read.page, read.took_s, read.at_s) == (2, "s", 4, 1.25, 7.5)
    assert observer.scan_times_s() == [1.25]


def test_a_page_and_an_event_are_progress() -> None:
    clock = [1.0]
    observer = an_observer(clock)
    assert observer.progress_s == 0.0
    lines: tuple[tuple[float, LogLine], ...] = (
        (3.0, {"event": "worker_ready"}),
        (9.0, {"event": "page_ocred", "page": 1}),
    )
    for at_s, line in lines:
        clock.append(at_s)
        observer.on_line(1, line)
        assert observer.progress_s == at_s
    clock.append(20.0)
    observer.on_line(1, {"event": "document_started"})
    assert observer.progress_s == 9.0


def test_the_run_of_a_worker_is_recorded_to_its_end() -> None:
    clock = [1.0]
    observer = an_observer(clock)
    lines: tuple[tuple[float, LogLine], ...] = (
        (2.0, {"event": "worker_ready"}),
        (3.0, {"event": "interruption_notice", "left_s": 7.2}),
        (4.0, {"event": "worker_stopped", "messages_requeued": 2}),
    )
    for at_s, line in lines:
        clock.append(at_s)
        observer.on_line(1, line)
    clock.append(5.0)
    observer.record_exit(1, 0)

    run = observer.workers[0]
    assert (run.started_s, run.ready_s, run.noticed_s, run.stopped_s) == (1.0, 2.0, 3.0, 5.0)
    assert (run.requeued, run.exit_code) == (2, 0)


def test_only_what_was_restored_of_the_scan_counts() -> None:
    observer = an_observer()

    observer.on_line(2, {"event": "checkpoint_restored", "file": "o", "pages": 2})
    observer.on_line(2, {"event": "checkpoint_restored", "file": "s", "pages": 5})

    assert observer.workers[1].restored_pages == 5


def test_a_document_is_done_when_a_worker_logs_it() -> None:
    observer = an_observer()

    observer.on_line(1, {"event": "document_done", "file": "o", "state": "no_content", "reason": "corrupt"})

    assert observer.done == {"o": 1.0}
    assert observer.events[-1].text == "other.txt is done (no_content: corrupt) by worker 1."


@pytest.mark.parametrize(
    ("line", "failures"),
    [
        ({"event": "page_failed"}, 1),
        ({"event": "attempt_failed"}, 1),
        ({"event": "attempt_ended", "ending": "retry"}, 1),
        ({"event": "attempt_ended", "ending": "dead_letter"}, 1),
        ({"event": "attempt_ended", "ending": "requeue"}, 0),
        ({"event": "checkpoint_saved", "file": "s", "pages": 3}, 0),
        ({"event": "something_else"}, 0),
        ({"event": "not_json", "line": "x"}, 0),
    ],
)
def test_failures_are_counted_and_interruptions_are_none(line: LogLine, failures: int) -> None:
    observer = an_observer()

    observer.on_line(1, line)

    assert observer.failures == failures


def test_an_exit_with_another_status_is_a_warning() -> None:
    observer = an_observer()

    observer.record_exit(1, -9)

    assert observer.events[-1].severity is Severity.WARNING
