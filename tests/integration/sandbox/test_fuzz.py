"""A short run of the fuzzer, which `make fuzz` runs for longer; and that it would see a leak."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fuzz.campaign import campaign
from fuzz.case import make_case
from fuzz.corpus import corpus
from fuzz.resources import Resources

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_NOTHING = Resources(
    fork_server=1,
    processes=(),
    files=(),
    descriptors=9,
    fork_server_descriptors=9,
    threads=1,
    memory_mb=100.0,
)


def test_damaged_files_end_with_a_code_and_leave_nothing(tmp_path: Path) -> None:
    report = campaign(seconds=280, seed=7, failures=tmp_path / "failures", cases=80)
    assert report.faults == []
    assert report.cases == 80
    assert {"corrupt", "read"} <= set(report.outcomes)
    assert not (tmp_path / "failures").exists()


def test_the_files_that_are_damaged_are_the_same_every_time() -> None:
    first, second = corpus(), corpus()
    assert [name for name in first if first[name] != second[name]] == []
    assert {Path(name).suffix for name in first} >= {
        ".pdf",
        ".docx",
        ".xlsx",
        ".pptx",
        ".png",
        ".tif",
        ".txt",
    }


def test_a_seed_and_a_number_make_the_same_case_again() -> None:
    files = {"a.txt": b"some text", "b.txt": b"other text"}
    cases = [make_case(files, 3, number) for number in range(50)]
    assert cases == [make_case(files, 3, number) for number in range(50)]
    assert len({case.data for case in cases}) > 40


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"fork_server": 2}, "the fork server died and was replaced"),
        ({"processes": ("5 tesseract",)}, "a process is left: 5 tesseract"),
        ({"files": ("case-1",)}, "a file is left: case-1"),
        ({"descriptors": 10}, "descriptors grew from 9 to 10"),
        ({"threads": 2}, "threads grew from 1 to 2"),
        ({"memory_mb": 200.0}, "the parent grew from 100 to 200 MB"),
    ],
)
def test_what_is_left_is_a_fault(changes: dict[str, object], fault: str) -> None:
    assert replace(_NOTHING, **changes).leaks(_NOTHING) == [fault]  # type: ignore[arg-type]
    assert _NOTHING.leaks(_NOTHING) == []
