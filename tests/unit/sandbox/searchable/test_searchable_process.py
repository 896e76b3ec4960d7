"""What the process answers when making the PDF fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sandbox.searchable.test_searchable_client import request
from worker.errors import Code
from worker.sandbox.searchable import searchable_process
from worker.sandbox.searchable.searchable_process import answer_to

pytestmark = pytest.mark.unit


def test_the_answer_counts_pages(tmp_path: Path) -> None:
    answer = answer_to(request(tmp_path))
    assert (answer.pages, answer.with_text, answer.lost, answer.code) == (1, 1, (), None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), Code.MEMORY),
        (OSError(28, "No space left"), Code.UNAVAILABLE),
        (ZeroDivisionError("the text of a document"), Code.CRASHED),
    ],
)
def test_whatever_a_parser_raises_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: Code
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(searchable_process, "write_searchable", fail)
    answer = answer_to(request(tmp_path))
    assert answer.code is code
    assert "text of a document" not in answer.message
