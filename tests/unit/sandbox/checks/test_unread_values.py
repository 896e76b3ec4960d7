"""Bounds of what a document process says about what it could not read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.errors import OF_THUMBNAIL, UNREAD, Code
from worker.models.page import Page, TextSource
from worker.sandbox.channel import ProtocolError
from worker.sandbox.checks.unread_values import (
    FAULTS,
    MAX_MESSAGE_CHARS,
    check_codes,
    check_failure,
    check_message,
    check_page,
    check_preview,
    distinct,
)

pytestmark = pytest.mark.unit

_PAGE = Page(
    number=3, text="text", source=TextSource.OCR, reason="corrupt", unread=("timeout", "network_failed")
)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"number": 11},
        {"ocr_s": -1.0},
        {"transform": (1.0,) * 5},
        {"reason": ""},
        {"reason": "throttled"},
        {"reason": "nonsense"},
        {"unread": ("timeout", "nonsense")},
        {"unread": ("timeout", "timeout")},
        {"message": "x" * (MAX_MESSAGE_CHARS + 1)},
    ],
    ids=str,
)
def test_a_page_that_could_not_be_stored_or_listed_is_refused(changes: dict[str, object]) -> None:
    check_page(_PAGE, "page", most=10)
    check_page(replace(_PAGE, message="x" * MAX_MESSAGE_CHARS), "page", most=10)

    with pytest.raises(ProtocolError):
        check_page(replace(_PAGE, **changes), "page", most=10)  # type: ignore[arg-type]


def test_each_code_of_what_is_unread_is_taken_once() -> None:
    check_codes(list(UNREAD), "codes")

    with pytest.raises(ProtocolError, match="codes has a code for the second time"):
        check_codes([*UNREAD, Code.TIMEOUT], "codes")


@pytest.mark.parametrize("code", list(Code))
def test_a_reading_fails_by_the_file_or_by_the_machine(code: Code) -> None:
    if code in UNREAD or code in FAULTS:
        check_failure(code, "why", "failure")
    else:
        with pytest.raises(ProtocolError):
            check_failure(code, "why", "failure")


def test_a_thumbnail_is_missing_for_its_own_codes_only() -> None:
    for code in (None, *OF_THUMBNAIL):
        check_preview(code, "preview")
    with pytest.raises(ProtocolError):
        check_preview(Code.TIMEOUT, "preview")


def test_a_refusal_quotes_no_value() -> None:
    with pytest.raises(ProtocolError) as raised:
        check_message("secret" * 100, "failure.message")
    assert str(raised.value) == f"failure.message is longer than {MAX_MESSAGE_CHARS} characters"


def test_a_page_of_a_reader_that_repeats_a_code_becomes_one_that_is_taken() -> None:
    page = distinct(replace(_PAGE, unread=("timeout", "memory", "timeout")))

    assert page.unread == ("timeout", "memory")
    check_page(page, "page", most=10)
