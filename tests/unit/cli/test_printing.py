"""What is printed of files that may hold anything."""

from __future__ import annotations

import io
import json
import sys

import pytest
from rich.cells import cell_len

from worker.cli.printing import duration_text, fold, print_json, sanitise, snippet_parts

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
    assert sanitise("a\x1b[2Jb\r\u202ec\n\td") == "a\ufffd[2Jb\ufffd\ufffdc\n\td"


@pytest.mark.parametrize(
    ("snippet", "parts"),
    [
        ("…[[営業]]報告書 [[営業]]", [("…", False), ("営業", True), ("報告書 ", False), ("営業", True)]),
        ("[bold]x[/bold] [ [[y]] ]]", [("[bold]x[/bold] [ ", False), ("y", True), (" ]]", False)]),
        ("a\x1b[[b\x07]]", [("a\ufffd", False), ("b\ufffd", True)]),
        ("", []),
    ],
)
def test_a_snippet_is_split_into_matches_and_sanitised_text(
    snippet: str, parts: list[tuple[str, bool]]
) -> None:
    assert snippet_parts(snippet) == parts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (5.24, "5.2 s"),
        (59.4, "59 s"),
        (61.5, "1 min 2 s"),
        (3_599.7, "1 h 0 min"),
        (7_400, "2 h 3 min"),
    ],
)
def test_durations_are_as_people_say_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


SNIPPET = [("…株式会社の売上は1,234,567千円、", False), ("ceramic", True), (" tiles のEmail", False)]


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_a_folded_snippet_keeps_its_words_its_matches_and_the_width(width: int) -> None:
    lines = fold(SNIPPET, width)
    texts = ["".join(part for part, _ in line) for line in lines]
    assert all(cell_len(text) <= width for text in texts)
    for word in ("1,234,567", "ceramic", "tiles", "Email"):
        assert sum(word in text for text in texts) == 1
    assert [part for line in lines for part, is_match in line if is_match] == ["ceramic"]
    assert "".join(texts).replace(" ", "") == "".join(part for part, _ in SNIPPET).replace(" ", "")
    assert len(texts) == {24: 3, 40: 2, 80: 1, 200: 1}[width]


def test_japanese_is_broken_anywhere_but_before_what_closes() -> None:
    assert ["".join(part for part, _ in line) for line in fold([("あいうえ。「お」", False)], 8)] == [
        "あいう",
        "え。",
        "「お」",
    ]


def test_a_word_longer_than_the_line_goes_on_in_the_next() -> None:
    assert fold([("a bcdefghij k", False)], 4) == [
        [("a", False)],
        [("bcde", False)],
        [("fghi", False)],
        [("j k", False)],
    ]


def test_an_empty_snippet_is_one_empty_line() -> None:
    assert fold([], 80) == [[]]


def test_the_narrowest_terminal_has_one_character_a_line() -> None:
    assert fold([("営b", False)], -3) == [[("営", False)], [("b", False)]]
