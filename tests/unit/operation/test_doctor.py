"""Checks side by side: order, deadlines, and checks that break."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from worker.config import load_settings
from worker.errors import MisconfiguredError
from worker.operation.doctor import all_checks, run_checks
from worker.operation.finding import Check, Finding, Level, ok

pytestmark = pytest.mark.unit


def _check(
    subject: str, run: Callable[[], Sequence[Finding]] | None = None, worst: Level = Level.FAILURE
) -> Check:
    def fine() -> Sequence[Finding]:
        return [ok(subject, "fine")]

    return Check(subject=subject, run=run or fine, advice="fix it", unavailable_advice="wake it", worst=worst)


def _hanging(until: threading.Event) -> Callable[[], Sequence[Finding]]:
    def run() -> Sequence[Finding]:
        until.wait(60)
        return []

    return run


def test_findings_come_in_the_order_of_the_checks() -> None:
    second_done = threading.Event()

    def first() -> Sequence[Finding]:
        assert second_done.wait(20)
        return [ok("first", "a"), ok("first", "b")]

    def second() -> Sequence[Finding]:
        second_done.set()
        return [ok("second", "c")]

    found = run_checks([_check("first", first), _check("second", second)], deadline_s=30)
    assert [finding.message for finding in found] == ["a", "b", "c"]


def test_a_check_that_hangs_is_named_and_delays_no_other() -> None:
    forever = threading.Event()
    checks = [_check("hangs", _hanging(forever)), _check("answers")]
    late, fine = run_checks(checks, deadline_s=0.2)
    forever.set()
    assert (late.level, late.subject, late.advice) == (Level.FAILURE, "hangs", "wake it")
    assert "0.2 s" in late.message
    assert fine.level is Level.OK


def test_an_optional_service_is_a_warning_when_it_hangs() -> None:
    forever = threading.Event()
    (late,) = run_checks([_check("hangs", _hanging(forever), Level.WARNING)], deadline_s=0.1)
    forever.set()
    assert late.level is Level.WARNING


def test_an_error_is_a_finding_with_the_checks_advice() -> None:
    def fails() -> Sequence[Finding]:
        raise MisconfiguredError("it is wrong")

    (found,) = run_checks([_check("it", fails)], deadline_s=20)
    assert (found.level, found.message, found.advice) == (Level.FAILURE, "it is wrong", "fix it")


def test_a_check_that_breaks_is_a_failure_and_no_traceback() -> None:
    def breaks() -> Sequence[Finding]:
        raise ZeroDivisionError("by zero")

    broken, fine = run_checks([_check("it", breaks), _check("other")], deadline_s=20)
    assert broken.level is Level.FAILURE
    assert "ZeroDivisionError: by zero" in broken.message
    assert fine.level is Level.OK


def test_without_credentials_the_machine_is_examined_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    checks = all_checks(load_settings())
    assert [check.subject for check in checks][-1] == "aws"
    assert "work folder" in {check.subject for check in checks}
    (found,) = run_checks(checks[-1:], deadline_s=20)
    assert found.level is Level.FAILURE
    assert "AWS_ACCESS_KEY_ID" in found.message


def test_with_credentials_everything_is_checked() -> None:
    subjects = {check.subject for check in all_checks(load_settings(source_buckets="one,two"))}
    assert subjects >= {
        *("tesseract", "ocr_engine", "pdftoppm", "pdfinfo", "libreoffice", "languages", "work folder"),
        *("memory", "metadata"),
        *("index", "aws", "queue", "dead-letter queue", "results bucket", "source one", "source two"),
        *("table", "model amazon.titan-embed-image-v1", "clock"),
    }
