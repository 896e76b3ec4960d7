"""The remedies, as the commands print them and as docs/errors.md lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.errors import Code
from worker.maintenance.file_filter import MOVED_BY_SQS
from worker.runtime.remedies import REMEDIES, remedy

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"


def test_every_code_has_a_remedy() -> None:
    assert set(REMEDIES) == {*Code, MOVED_BY_SQS}
    assert all(text.endswith((".", "`")) for text in REMEDIES.values())
    assert remedy(None) == remedy("of a later version")


def test_the_page_has_the_same_remedies() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == {str(code): text for code, text in REMEDIES.items()}
