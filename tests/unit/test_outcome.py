"""How each error ends an attempt: one table, and the limit of failures."""

from __future__ import annotations

import pytest

from worker.errors import (
    BedrockError,
    Code,
    DeadLetterError,
    JobInterrupted,
    LeaseLostError,
    MisconfiguredError,
    ObjectChangedError,
    OCRError,
    ProcessingError,
    RejectedError,
    ServiceRefusedError,
    SourceRefusedError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)
from worker.outcome import DONE, Ending, Outcome, from_error

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (
            JobInterrupted("this machine goes"),
            Outcome(ending=Ending.REQUEUE, code="interrupted", message="this machine goes"),
        ),
        (LeaseLostError("fenced"), Outcome(ending=Ending.ABANDON, code="lease_lost", message="fenced")),
        (
            MisconfiguredError("no table"),
            Outcome(ending=Ending.STOP, code="misconfigured", message="no table"),
        ),
        (
            DeadLetterError("no key", code=Code.MALFORMED_MESSAGE),
            Outcome(ending=Ending.DEAD_LETTER, code="malformed_message", message="no key"),
        ),
        (
            RejectedError("password", code=Code.ENCRYPTED),
            Outcome(ending=Ending.DEAD_LETTER, code="encrypted", message="password"),
        ),
        (
            ProcessingError("NoSuchKey", stage="download", retry_allowed=False),
            Outcome(
                ending=Ending.DEAD_LETTER, code="processing_failed", message="NoSuchKey", stage="download"
            ),
        ),
        (
            ThrottledError("slow down", retry_after_s=7.0),
            Outcome(ending=Ending.RETRY, code="throttled", message="slow down", delay_s=7.0),
        ),
        (
            ThrottledError("slow down"),
            Outcome(ending=Ending.RETRY, code="throttled", message="slow down", delay_s=30.0),
        ),
        (
            UnavailableError("S3 is unavailable"),
            Outcome(ending=Ending.RETRY, code="unavailable", message="S3 is unavailable", delay_s=30.0),
        ),
        (
            ServiceRefusedError("role"),
            Outcome(ending=Ending.RETRY, code="misconfigured", message="role", delay_s=30.0),
        ),
        (
            SourceRefusedError("403", code=Code.SOURCE_MISSING, counts_as_failure=False, retry_after_s=20),
            Outcome(ending=Ending.RETRY, code="source_missing", message="403", delay_s=20),
        ),
        (
            DeadLetterError("archived", code=Code.SOURCE_FORBIDDEN),
            Outcome(ending=Ending.DEAD_LETTER, code="source_forbidden", message="archived"),
        ),
        (
            ObjectChangedError("412"),
            Outcome(ending=Ending.RETRY, code="changed_while_read", message="412", delay_s=30.0),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("failures", [0, 2, 100])
def test_these_end_the_same_way_however_often_it_failed_before(
    error: Exception, ended: Outcome, failures: int
) -> None:
    assert from_error(error, failures=failures, max_failures=3) == ended


@pytest.mark.parametrize(
    ("error", "code", "stage"),
    [
        (OCRError("no page"), "ocr_failed", "ocr"),
        (BedrockError("no vector"), "embedding_failed", "embed"),
        (ProcessingError("disk full", stage="download"), "processing_failed", "download"),
        (TransientError("odd"), "processing_failed", ""),
        (WorkerError("odd"), "processing_failed", ""),
        (ZeroDivisionError("unforeseen"), "processing_failed", ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_counted_and_tried_again_below_the_limit(
    error: Exception, code: str, stage: str
) -> None:
    assert from_error(error, failures=1, max_failures=3) == Outcome(
        ending=Ending.RETRY, code=code, message=str(error), stage=stage, counted=True, delay_s=10.0
    )


@pytest.mark.parametrize("failures", [2, 3, 50])
def test_the_failure_that_reaches_the_limit_is_dead_lettered_with_the_last_reason(failures: int) -> None:
    assert from_error(OCRError("no page"), failures=failures, max_failures=3) == Outcome(
        ending=Ending.DEAD_LETTER,
        code="too_many_failures",
        message=f"{failures + 1} attempts failed, the last with ocr_failed: no page",
        stage="ocr",
        counted=True,
    )


@pytest.mark.parametrize(
    "error",
    [
        SourceRefusedError("no", code=Code.SOURCE_FORBIDDEN, counts_as_failure=True),
        SourceRefusedError("no", code=Code.SOURCE_MISSING, counts_as_failure=True),
        RejectedError("no", code=Code.INDEX_REJECTED),
    ],
    ids=lambda error: error.code,
)
def test_what_may_be_our_own_fault_for_a_minute_is_not_dead_lettered_at_the_first_try(
    error: WorkerError,
) -> None:
    ended = [from_error(error, failures=failures, max_failures=3) for failures in range(3)]
    assert [each.ending for each in ended] == [Ending.RETRY, Ending.RETRY, Ending.DEAD_LETTER]
    assert all(each.counted and each.code == error.code for each in ended)
    # Each is multiplied by the receives, 1 and 2: more than a minute in all.
    assert [each.delay_s for each in ended[:2]] == [15.0, 30.0]


@pytest.mark.parametrize(
    ("failures", "delay_s"), [(0, 5.0), (1, 10.0), (2, 20.0), (5, 160.0), (6, 300.0), (500, 300.0)]
)
def test_the_delay_doubles_up_to_five_minutes(failures: int, delay_s: float) -> None:
    assert from_error(OCRError("no page"), failures=failures, max_failures=1_000).delay_s == delay_s


def test_an_error_without_a_message_is_named_by_its_class() -> None:
    assert from_error(MemoryError(), failures=0, max_failures=3).message == "MemoryError"


def test_done_is_not_a_failure() -> None:
    assert (DONE.ending, DONE.counted, DONE.code) == (Ending.DONE, False, "")
