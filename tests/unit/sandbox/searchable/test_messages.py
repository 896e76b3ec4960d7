"""What the process for searchable PDFs is asked and answers, there and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stand_ins.reading import options
from worker.errors import Code
from worker.models.file import FileType
from worker.models.page import Page, TextSource
from worker.sandbox.searchable.messages import SearchableAnswer, SearchableRequest

pytestmark = pytest.mark.unit


def test_a_request_is_the_same_on_the_other_side() -> None:
    request = SearchableRequest(
        path=Path("/d/原本"),
        folder=Path("/d"),
        file_type=FileType.PDF,
        pages=tuple(Page(number=number, text="\ud800本", source=TextSource.OCR) for number in (1, 2)),
        limits=options().limits,
        passwords=("秘",),
    )
    text = "".join(request.to_json())
    assert text.isascii()
    assert SearchableRequest.from_json(text) == request
    assert "秘" not in repr(request)


def test_an_answer_is_the_same_on_the_other_side() -> None:
    for answer in (
        SearchableAnswer(pages=3, with_text=2, lost=(3,)),
        SearchableAnswer(code=Code.CORRUPT, message="no\nPDF"),
    ):
        text = answer.to_json()
        assert "\n" not in text
        assert SearchableAnswer.from_json(text.encode()) == answer


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"pages":1,"with_text":1,"lost":[],"code":"no such","message":""}']
)
def test_another_answer_is_refused(text: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        SearchableAnswer.from_json(text.encode())
