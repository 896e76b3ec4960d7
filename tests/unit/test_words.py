"""The list of words finds them in prose and in identifiers, and leaves good English alone."""

from __future__ import annotations

import pytest

from scripts.words import offences

pytestmark = pytest.mark.unit


def found(text: str, path: str = "worker/a.py") -> list[tuple[int, str]]:
    return [(line, word) for line, word, _ in offences(path, text)]


# The words are joined here, or the list would find them in its own test.
@pytest.mark.parametrize(
    "text",
    [
        "the doctor tells of it",
        "self._was_told = True",
        "class ZygoteProcess:",
        "it is given back to the queue",
        "messages are handed on",
        "while OpenSearch is away",
        "a second look at the line",
        "text is set solid",
        "every room has a door",
        "recogniser = None",
    ],
)
def test_a_private_word_is_found(text: str) -> None:
    assert [line for line, _ in found(text)] == [1]


@pytest.mark.parametrize(
    "text",
    [
        "position = file.tell()",
        "the message is moved to the dead-letter queue",
        "take it right away; the log level is INFO",
        "sigv4 signs requests",
        "CIS_STOP_BUDGET_S, stop_budget_s",
        "a fine-grained lock, a ground truth, a top level",
        "assert found.level is Level.OK",
        "when there is room for it",
        "look it up in the table that looks like this",
    ],
)
def test_good_english_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_file_is_found_by_its_name_and_a_word_by_its_line() -> None:
    assert found("\n\nit is dear", path="worker/burial.py") == [(0, "burial"), (3, "dear")]
