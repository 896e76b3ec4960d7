from __future__ import annotations

from pathlib import Path

import pytest

from worker.demo.checks import DemoCheck
from worker.demo.demo_run import DemoResult, run_demo
from worker.demo.run_record import RunRecord
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


def a_result(*passed: bool) -> DemoResult:
    record = RunRecord(
        documents=(),
        rows=(),
        reads=(),
        workers=(),
        searches=(),
        waiting=0,
        dead_letters=0,
        scan_id="",
        notice_s=None,
        notice_in_s=None,
        took_s=0.0,
    )
    checks = tuple(DemoCheck(name="n", claim="c", passed=each, detail="") for each in passed)
    return DemoResult(record=record, checks=checks, page=Path("index.html"))


def test_a_folder_with_other_files_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()

    with pytest.raises(MisconfiguredError, match="left alone"):
        run_demo(tmp_path)

    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize(
    ("passed", "result"), [((True, True), True), ((True, False), False), ((False, True), False)]
)
def test_the_demo_passes_when_every_check_does(passed: tuple[bool, ...], result: bool) -> None:
    assert a_result(*passed).has_passed is result
