"""What is printed of files that may hold anything."""

from __future__ import annotations

import io
import json
import sys

import pytest

from worker.cli.printing import highlighted, plain, print_json

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [("utf-8", '{"text": "営業𠮟"}\n'), ("ascii", '{"text": "\\u55b6\\u696d\\ud842\\udf9f"}\n')],
)
def test_json_is_readable_where_the_terminal_can_show_it_and_valid_elsewhere(
    monkeypatch: pytest.MonkeyPatch, encoding: str, printed: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    print_json({"text": "営業𠮟"})
    assert raw.getvalue().decode(encoding) == printed
    assert json.loads(raw.getvalue()) == {"text": "営業𠮟"}


def test_text_from_files_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[2Jb\r\u202ec\n\td") == "a\ufffd[2Jb\ufffd\ufffdc\n\td"


def test_matches_are_highlighted_and_their_marks_gone() -> None:
    text = highlighted("…[[営業]]報告書 [[営業]]", style="bold")
    assert text.plain == "…営業報告書 営業"
    assert [(span.start, span.end) for span in text.spans if span.style == "bold"] == [(1, 3), (7, 9)]


def test_brackets_in_a_text_are_no_markup() -> None:
    assert highlighted("[bold]x[/bold] [ [[y]] ]]").plain == "[bold]x[/bold] [ y ]]"
