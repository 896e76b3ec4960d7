"""Hits and pictures as lines of text; whole commands are in test_search.py."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from worker.cli.search_display import print_hits, print_similar
from worker.index.search_index import SearchHit, SearchResult, SimilarHit, Tier
from worker.models.ledger import State

pytestmark = pytest.mark.unit

PATH = f"/docs/{'long/' * 40}報告.pdf"
HIT = SearchHit(file_id="f", file_name="報告.pdf", file_path=PATH, page=3, snippet="…[[営業]]部", score=1.256)


def test_a_hit_is_three_lines_without_colours_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    print_hits(SearchResult(total=2, hits=(HIT,)))
    assert capsys.readouterr().out.splitlines() == [
        "報告.pdf  page 3  1.26",
        f"  {PATH}",
        "  …営業部",
        "2 files, 1 shown; more with --offset 1",
    ]


def test_what_was_not_understood_and_what_comes_near_is_said_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_hits(SearchResult(total=9, hits=(HIT,), tier=Tier.MOST, notes=("x: is no filter.",)), offset=4)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["x: is no filter.", "No file has all of it; these come near."]
    assert lines[-1] == "9 files, 5 to 5 shown; more with --offset 5"


def test_what_was_probably_meant_is_asked_beside_files_that_have_all_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_hits(SearchResult(total=1, hits=(HIT,), suggestion="document conversion"))
    assert capsys.readouterr().out.splitlines()[0] == 'Did you mean "document conversion"?'


def test_a_hit_of_filters_alone_has_no_score(capsys: pytest.CaptureFixture[str]) -> None:
    print_hits(SearchResult(total=1, hits=(replace(HIT, page=0, score=0.0),)))
    assert capsys.readouterr().out.splitlines()[0] == "報告.pdf  name"


def test_partial_results_are_said_to_be_partial(capsys: pytest.CaptureFixture[str]) -> None:
    print_hits(SearchResult(total=1, hits=(HIT,), missing="1 of 2 parts of the index did not answer"))
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "These are partial results: 1 of 2 parts of the index did not answer."


def test_a_hit_by_name_says_why_there_is_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    hit = replace(HIT, page=0, state=State.DEAD_LETTERED, reason="source_forbidden")
    print_hits(SearchResult(total=1, hits=(hit,)))
    assert capsys.readouterr().out.splitlines()[0] == (
        "報告.pdf  name  1.26  dead_lettered (source_forbidden)"
    )


def test_copies_are_named_below_their_hit(capsys: pytest.CaptureFixture[str]) -> None:
    hit = replace(HIT, also_at=("/a", "/b\x1b", "/c", "/d"))
    print_hits(SearchResult(total=1, hits=(hit,)))
    assert capsys.readouterr().out.splitlines()[2] == "  also at /a, /b\ufffd, /c"


def test_names_and_paths_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_similar([SimilarHit(file_id="f", file_name="a\x1b[2J", file_path="/\x1b[2J", score=0.5)])
    assert capsys.readouterr().out == "0.500  a\ufffd[2J\n       /\ufffd[2J\n"


def test_an_empty_result_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_hits(SearchResult(total=0, hits=()))
    print_similar([])
    assert capsys.readouterr().out.splitlines() == [
        "No file matches.",
        "No other ingested picture has a vector to compare with.",
    ]


@pytest.mark.parametrize(
    ("columns", "lines"), [("20", ["  …営業部 ceramic", "  tiles"]), ("200", ["  …営業部 ceramic tiles"])]
)
def test_on_a_terminal_a_snippet_is_folded_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, lines: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_hits(SearchResult(total=1, hits=(replace(HIT, snippet="…[[営業]]部 ceramic tiles"),)))
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert printed[2:-1] == lines
