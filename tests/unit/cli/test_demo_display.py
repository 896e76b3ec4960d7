from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from worker.aws.ledger_row import FileRow
from worker.cli.demo_display import (
    PlainProgress,
    as_dict,
    print_plan,
    print_result,
    progress_display,
    progress_panel,
)
from worker.demo.checks import DemoCheck
from worker.demo.demo_run import DemoProgress, DemoResult
from worker.demo.run_record import DemoDocument, Event, RunRecord, Search, Severity
from worker.errors import Code
from worker.index.search_index import SearchHit
from worker.models.file import FileType
from worker.models.ledger import State
from worker.samples.write import Sample

pytestmark = pytest.mark.unit

_PROGRESS = DemoProgress(
    at_s=1.0,
    documents=12,
    documents_done=3,
    pages=28,
    pages_done=8,
    pages_per_s=1.25,
    waiting=4,
    in_flight=6,
    failures=0,
    worker=1,
    events=(Event(at_s=0.5, text="It began."),),
)


def a_result(*, passed: bool = True, page: Path = Path("home/index.html")) -> DemoResult:
    hit = SearchHit(
        file_id="f", file_name="報告.pdf", file_path="/x", page=3, snippet="第三[[営業]]部", score=1.0
    )
    sample = Sample(
        path=Path("locked.pdf"),
        kind="encrypted",
        file_type=FileType.PDF,
        state=State.NO_CONTENT,
        reason=Code.ENCRYPTED,
    )
    record = RunRecord(
        documents=(
            DemoDocument(
                sample=sample,
                file_id="f",
                row=FileRow(file_id="f", fence=1, state=State.NO_CONTENT, reason="encrypted"),
                took_s=2.34,
            ),
        ),
        rows=(),
        reads=(),
        workers=(),
        searches=(Search(query="営業", expected_file="報告.pdf", hits=(hit,), total=1),),
        waiting=0,
        dead_letters=0,
        scan_id="",
        notice_s=None,
        notice_in_s=None,
        took_s=60.0,
    )
    check = DemoCheck(name="no_page_twice", claim="No page twice", passed=passed, detail="18 of 18")
    return DemoResult(record=record, checks=(check,), page=page)


def a_console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, width=120, force_terminal=terminal, highlight=False), output


def test_plain_progress_prints_each_event_once_and_figures_every_few_seconds() -> None:
    console, output = a_console()
    show = PlainProgress(console)

    for at_s in (1.0, 1.2, 3.9, 4.1):
        show(replace(_PROGRESS, at_s=at_s))

    lines = output.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["0.5", "1.0", "4.1"]
    assert "documents 3/12, pages 8/28 (1.2/s), queue 4 waiting + 6 in flight, failures 0" in lines[1]


def test_a_pipe_gets_lines_and_a_terminal_a_panel() -> None:
    for terminal in (False, True):
        console, output = a_console(terminal=terminal)
        with progress_display(console) as show:
            show(_PROGRESS)
        assert ("╭" in output.getvalue()) is terminal
        assert "It began." in output.getvalue()


@pytest.mark.parametrize(("worker", "shown"), [(1, "number 1"), (0, "none")])
def test_the_panel_names_the_worker_that_is_alive(worker: int, shown: str) -> None:
    console, output = a_console()

    console.print(progress_panel(replace(_PROGRESS, worker=worker)))

    assert shown in output.getvalue()
    assert "4 waiting, 6 in flight" in output.getvalue()


def test_the_panel_shows_what_happened_last() -> None:
    console, output = a_console()
    many = tuple(Event(at_s=n, text=f"event {n}", severity=Severity.GOOD) for n in range(30))

    console.print(progress_panel(replace(_PROGRESS, events=many)))

    assert "event 29" in output.getvalue()
    assert "event 1 " not in output.getvalue()


def test_the_plan_names_the_folder() -> None:
    console, output = a_console()

    print_plan(console, Path("my-home"))

    assert "my-home" in output.getvalue()
    assert "Spot notice" in output.getvalue()


def test_the_result_ends_with_the_path_of_the_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    console, output = a_console()

    print_result(console, a_result(page=tmp_path / "index.html"), keep=True)

    assert capsys.readouterr().out == f"{tmp_path / 'index.html'}\n"
    for part in (
        "locked.pdf",
        "no_content",
        "encrypted",
        "2.3",
        "passed  No page twice",
        "cis-worker search",
    ):
        assert part in output.getvalue()


def test_without_colours_brackets_show_the_match() -> None:
    console, output = a_console()

    print_result(console, a_result(), keep=False)

    assert "第三[[営業]]部" in output.getvalue()
    assert "cis-worker search" not in output.getvalue()


def test_with_colours_the_match_is_coloured() -> None:
    console, output = a_console(terminal=True)

    print_result(console, a_result(), keep=False)

    assert "[[" not in output.getvalue()
    assert "営業" in output.getvalue()


def test_a_failed_check_is_named() -> None:
    console, output = a_console()

    print_result(console, a_result(passed=False), keep=True)

    assert "FAILED: no_page_twice" in output.getvalue()
    assert "Nothing lost" not in output.getvalue()


def test_the_json_form_holds_summary_checks_and_searches() -> None:
    values = as_dict(a_result(passed=False))

    assert values["passed"] is False
    assert values["documents"] == [
        {
            "file": "locked.pdf",
            "state": "no_content",
            "pages": 0,
            "language": None,
            "confidence": None,
            "similarity": None,
            "seconds": 2.3,
            "reason": "encrypted",
        }
    ]
    assert values["checks"] == [
        {"name": "no_page_twice", "claim": "No page twice", "passed": False, "detail": "18 of 18"}
    ]
    assert values["searches"] == [
        {
            "query": "営業",
            "total": 1,
            "hits": [{"file_name": "報告.pdf", "page": 3, "snippet": "第三[[営業]]部"}],
        }
    ]
