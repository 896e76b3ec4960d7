"""The most urgent failures of a ledger, with what to do."""

from __future__ import annotations

import pytest

from worker.aws.ledger_row import FileRow
from worker.models.ledger import State
from worker.operation.failures import FailureCollector, FailureReport

pytestmark = pytest.mark.unit


def collect(*rows: FileRow, limit: int = 10) -> FailureReport:
    collector = FailureCollector(limit=limit)
    assert list(collector.watch(rows)) == list(rows)
    return collector.report()


def row(name: str, state: State, reason: str | None, when: str = "2026-11-01") -> FileRow:
    return FileRow(file_id=name, fence=1, state=state, reason=reason, key=name, updated_at=when)


def test_dead_letters_come_first_and_of_each_kind_the_latest() -> None:
    report = collect(
        row("old", State.NO_CONTENT, "encrypted", "2026-11-01"),
        row("new", State.PARTIAL, "pages_failed", "2026-11-03"),
        row("tried", State.PROCESSING, "timeout", "2026-11-02"),
        row("dead", State.DEAD_LETTERED, "source_forbidden", "2026-10-01"),
        row("fine", State.INDEXED, None),
        row("gone", State.TOMBSTONED, "object_gone"),
        row("begun", State.PROCESSING, None),
    )
    assert [failure.file_path for failure in report.failures] == ["dead", "tried", "new", "old"]
    assert "s3:ListBucket" in report.failures[0].remedy


def test_all_are_counted_and_only_the_limit_is_kept() -> None:
    rows = [row(f"{number:03}", State.NO_CONTENT, "empty", f"2026-11-{number:03}") for number in range(100)]
    report = collect(*rows, limit=3)
    assert report.counts == {(State.NO_CONTENT, "empty"): 100}
    assert [failure.file_path for failure in report.failures] == ["099", "098", "097"]


def test_a_reason_of_another_version_has_a_remedy_too() -> None:
    (failure,) = collect(row("a", State.PARTIAL, "new_code")).failures
    assert "docs/errors.md" in failure.remedy
