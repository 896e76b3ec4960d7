"""The result of one file."""

from __future__ import annotations

import json

import pytest

from worker.aws.ledger_row import FileRow
from worker.home.result import FAILED, Result, from_document, from_row
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

DOCUMENT = Document(
    file_id="f1",
    bucket="b",
    key="k",
    file_name="報告.pdf",
    file_path="/docs/報告.pdf",
    size_bytes=10,
    file_type=FileType.PDF,
    state=State.PARTIAL,
    reason="pages_failed",
    pages=(
        Page(number=1, text="営業報告", source=TextSource.OCR, language="jpn", confidence=91.25),
        Page(number=2, text="", source=TextSource.TIMED_OUT),
    ),
)


def test_a_line_of_json_has_the_promised_fields() -> None:
    result = from_document(DOCUMENT, path="/docs/報告.pdf", seconds=1.239)
    assert json.loads(json.dumps(result.as_dict())) == {
        "file_path": "/docs/報告.pdf",
        "file_id": "f1",
        "state": "partial",
        "reason": "pages_failed",
        "file_type": "pdf",
        "pages": 2,
        "text_chars": 4,
        "language": "jpn",
        "confidence": 91.2,
        "text_sources": ["ocr", "timed_out"],
        "seconds": 1.24,
        "skipped": False,
    }


def test_a_file_that_the_index_does_not_hold_is_reported_from_the_ledger() -> None:
    row = FileRow(file_id="f1", fence=1, state=State.DEAD_LETTERED, reason="too_many_failures")
    result = from_row(row, path="/a", seconds=2)
    assert (result.state, result.reason, result.file_type) == ("dead_lettered", "too_many_failures", None)


@pytest.mark.parametrize(
    ("state", "reason", "troubled"),
    [
        ("indexed", None, False),
        ("partial", "pages_failed", False),
        ("no_content", "corrupt", False),
        (FAILED, "Permission denied", False),
        ("no_content", "crashed", True),
        ("no_content", "invalid_child_message", True),
        ("no_content", "memory", True),
        ("partial", "timeout", True),
        ("dead_lettered", "malformed_message", True),
    ],
)
def test_only_dead_letters_and_broken_limits_are_trouble(
    state: str, reason: str | None, troubled: bool
) -> None:
    assert Result(file_path="/a", file_id="f", state=state, reason=reason).has_trouble is troubled
