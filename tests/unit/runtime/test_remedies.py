"""The remedies, as the commands print them and as docs/errors.md lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.errors import COSMETIC, UNREAD, Code
from worker.maintenance.file_filter import MOVED_BY_SQS
from worker.runtime.remedies import REMEDIES, remedy

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"


def test_every_code_has_a_remedy() -> None:
    assert set(REMEDIES) == {*Code, MOVED_BY_SQS}
    assert all(text.endswith((".", "`")) for text in REMEDIES.values())
    assert remedy(None) == remedy("of a later version")


def test_the_page_has_the_same_remedies() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == {str(code): text for code, text in REMEDIES.items()}


def test_the_page_says_the_cause_of_each_code_of_what_was_not_read() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (yes|no) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [
        (str(code), str(cause), "yes" if code in COSMETIC else "no") for code, cause in UNREAD.items()
    ]
    assert rows == expected
    assert set(UNREAD) >= COSMETIC
