"""The error tree: what each class says must be done next."""

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
    ObjectGoneError,
    OCRError,
    ProcessingError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WorkerError("x"), "processing_failed"),
        (TransientError("x"), "processing_failed"),
        (ThrottledError("x"), "throttled"),
        (UnavailableError("x"), "unavailable"),
        (ObjectChangedError("x"), "changed_while_read"),
        (ProcessingError("x", stage="index"), "processing_failed"),
        (OCRError("x"), "ocr_failed"),
        (BedrockError("x"), "embedding_failed"),
        (RejectedError("x"), "corrupt"),
        (DeadLetterError("x"), "malformed_message"),
        (ObjectGoneError("x"), "object_gone"),
        (JobInterrupted("x"), "interrupted"),
        (LeaseLostError("x"), "lease_lost"),
        (MisconfiguredError("x"), "misconfigured"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_has_its_code_and_its_message(error: WorkerError, code: str) -> None:
    assert (error.code, str(error)) == (code, "x")


def test_a_code_argument_applies_to_that_error_only() -> None:
    assert RejectedError("password", code=Code.ENCRYPTED).code is Code.ENCRYPTED
    assert RejectedError("broken").code is Code.CORRUPT


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (ThrottledError("x"), False),
        (UnavailableError("x"), False),
        (ObjectChangedError("x"), False),
        (ProcessingError("x", stage="index"), True),
        (OCRError("x"), True),
        (BedrockError("x"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_real_failures_count(error: TransientError, counts: bool) -> None:
    assert error.counts_as_failure is counts


def test_a_processing_error_names_its_stage_and_whether_to_try_again() -> None:
    error = ProcessingError("NoSuchKey", stage="download", retry_allowed=False, code=Code.SOURCE_MISSING)
    assert (error.stage, error.retry_allowed, error.code) == ("download", False, Code.SOURCE_MISSING)
    assert (OCRError("x").stage, OCRError("x").retry_allowed) == ("ocr", True)
    assert (BedrockError("x", retry_allowed=False).stage, BedrockError("x").retry_allowed) == ("embed", True)


def test_a_throttle_may_carry_its_retry_time() -> None:
    assert ThrottledError("x", retry_after_s=3.5).retry_after_s == 3.5
    assert ThrottledError("x").retry_after_s is None


def test_codes_are_distinct_and_valid_as_metric_labels_and_keys() -> None:
    assert len({code.value for code in Code}) == len(Code)
    assert all(code.value == code.name.lower() for code in Code)
