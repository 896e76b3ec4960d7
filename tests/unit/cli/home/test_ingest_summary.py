"""The summary of a run, as a person reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from worker.cli.home.ingest_summary import IngestSummary
from worker.home.ingestion import IngestEnd
from worker.home.result import Result

pytestmark = pytest.mark.unit

WHOLE = IngestEnd(interrupted=False, left=0)


def result(path: str, state: str = "indexed", reason: str | None = None, **changes: object) -> Result:
    return Result(file_path=path, file_id="f", state=state, reason=reason, **changes)  # type: ignore[arg-type]


def lines(*results: Result, end: IngestEnd = WHOLE, home: Path | None = None) -> list[str]:
    summary = IngestSummary()
    for each in results:
        summary.add(each)
    return summary.lines(seconds=61.5, end=end, home=home)


def test_every_file_that_was_not_wholly_read_is_named_by_reason_with_its_remedy() -> None:
    found = lines(
        result("/d/a.txt", pages=1),
        result("/d/old.txt", pages=2, skipped=True),
        result("/d/secret.pdf", "no_content", "encrypted"),
        result("/d/also.pdf", "no_content", "encrypted", skipped=True),
        result("/d/long.pdf", "partial", "too_many_pages", pages=2_000),
        result("/d/none.txt", "failed", "Permission denied"),
        result("/d/gone.txt", "tombstoned", "object_gone"),
        end=replace(WHOLE, left_out=3),
        home=Path("/my homes/x"),
    )
    assert found == [
        "7 files, 2,003 pages in 1 min 2 s: 2 read, 3 not wholly read, 1 failed, 1 removed "
        "(2 unchanged, 3 left out by name)",
        "2 encrypted: Set CIS_PDF_PASSWORDS to its password (a PDF), then run the same ingest again.",
        "    /d/secret.pdf",
        "    /d/also.pdf",
        "1 too_many_pages: Raise CIS_MAX_PAGES, then run the same ingest again.",
        "    /d/long.pdf",
        "1 failed: Permission denied",
        "    /d/none.txt",
        "To list them again: cis-worker list --unread --home '/my homes/x'",
    ]


def test_of_many_the_first_are_named_and_the_command_for_the_others() -> None:
    found = lines(*(result(f"/d/{number}.exe", "no_content", "unsupported_type") for number in range(1_012)))
    assert found[12:] == [
        "    and 1,002 more: cis-worker list --reason unsupported_type",
        "To list them again: cis-worker list --unread",
    ]
    assert found[11] == "    /d/9.exe"


def test_where_all_was_read_there_is_one_line() -> None:
    assert lines(result("/d/a.txt", pages=1)) == ["1 file, 1 page in 1 min 2 s: 1 read"]
    assert lines() == ["0 files, 0 pages in 1 min 2 s"]


def test_slow_files_and_those_not_reached_are_said() -> None:
    found = lines(
        *(result(f"/d/{s}.pdf", seconds=float(s)) for s in (29, 31, 50, 40, 45)), end=replace(WHOLE, left=7)
    )
    assert found[1:] == [
        "Slowest: /d/50.pdf (50 s), /d/45.pdf (45 s), /d/40.pdf (40 s)",
        "7 not reached: run the same command again to go on.",
    ]


def test_names_cannot_steer_the_terminal() -> None:
    assert lines(result("/d/\x1b[2J.pdf", "no_content", "empty"))[2] == "    /d/\ufffd[2J.pdf"


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (IngestEnd(interrupted=True, left=0), "Stopped: what is finished is kept. Run the same"),
        (
            IngestEnd(interrupted=True, left=2),
            "Stopped: what is finished is kept; 2 not reached. Run the same",
        ),
        (
            IngestEnd(interrupted=True, left=1, pages_kept=7),
            "Stopped: what is finished is kept, and 7 pages of what is not; 1 not reached. Run the same",
        ),
    ],
)
def test_a_stopped_run_says_what_is_kept_and_how_to_go_on(end: IngestEnd, line: str) -> None:
    assert lines(end=end)[-1] == f"{line} command again to go on."


def test_pages_of_an_earlier_run_are_said() -> None:
    found = lines(result("/d/a.pdf", pages=12), end=replace(WHOLE, pages_restored=7))
    assert found == ["1 file, 12 pages in 1 min 2 s: 1 read (7 pages from an earlier run)"]
