"""What `make profile` makes of the records: tables, and a flame graph that a browser can show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.profiling.__main__ import NAMES, collect, main, write
from bench.profiling.flame_graph import flame_graph
from bench.profiling.function_table import function_costs
from bench.profiling.passes import Pass
from bench.profiling.profile_records import read_records, whole
from bench.profiling.report import Measured, report

pytestmark = pytest.mark.integration

SVG = "{http://www.w3.org/2000/svg}"
STACKS = {
    "worker/a.py:run;worker/b.py:f;<recv>": 0.25,
    "worker/a.py:run;lib/c.py:g": 0.5,
    "worker/a.py:run": 0.25,
}


def write_records(folder: Path) -> None:
    memory = {
        "now_bytes": 1_000,
        "most_bytes": 5_000,
        "profiler_bytes": 1,
        "lines": {"worker/a.py:1": [400, 4]},
    }
    more = {**memory, "now_bytes": 3_000, "lines": {"worker/a.py:1": [2_400, 24]}}
    one = {"pid": 1, "cpu_s": 1.2, "programs_cpu_s": 0.0, "programs": {}, "largest_kib": 100_000}
    worker = [
        {**one, "allocations": memory},
        {**one, "allocations": more, "stacks": {**STACKS, "(profiler)": 0.1}},
    ]
    reader = {**one, "programs": {"pdftoppm": 2}, "programs_cpu_s": 0.5, "allocations": memory}
    readers = [
        {**reader, "pid": 2, "cpu_s": 0.1, "stacks": {"(fork)": 0.1}},
        {**reader, "pid": 2, "cpu_s": 0.3, "stacks": {"(fork)": 0.1, "worker/d.py:read": 0.2}},
        {**reader, "pid": 3, "cpu_s": 0.3, "calls": {"worker/d.py:read": [5, 0.1, 0.2]}},
    ]
    for name, records in (("worker", worker), ("reader", readers)):
        lines = "".join(f"{json.dumps(record)}\n" for record in records)
        # The process was killed while it wrote.
        (folder / f"{name}.jsonl").write_text(f'{lines}{{"pid": 3, "cp', encoding="utf-8")


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    write_records(tmp_path)
    found = Pass(documents=2, figures=read_records(tmp_path), fork_server_cpu_s=0.4)
    return Measured(name="text", unit="document", samples=found, calls=found, memory=found)


def test_the_last_record_of_each_process_counts(measured: Measured) -> None:
    readers = measured.samples.figures["reader"]
    assert (readers.processes, readers.programs, readers.programs_cpu_s) == (2, {"pdftoppm": 4}, 1.0)
    assert readers.cpu_s == pytest.approx(0.6)
    assert readers.own_stacks == {"(fork)": 0.1, "worker/d.py:read": 0.2}
    assert readers.stacks["(profiler)"] == pytest.approx(0.3), "what no sample has"


def test_a_function_has_its_own_cpu_and_that_of_what_it_calls() -> None:
    costs = {cost.function: (cost.own_s, cost.with_callees_s) for cost in function_costs(STACKS)}
    assert costs["worker/a.py:run"] == pytest.approx((0.25, 1.0))
    assert costs["worker/b.py:f"] == pytest.approx((0.0, 0.25))
    assert next(iter(costs)) == "lib/c.py:g"


def test_a_recursive_function_counts_once() -> None:
    assert [cost.with_callees_s for cost in function_costs({"a;b;a": 1.0})] == [1.0, 1.0]


def test_the_report_has_worker_readers_programs_calls_and_memory_in_80_columns(measured: Measured) -> None:
    text = report(measured)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    rows = [
        r"reader \(2 processes\)",
        r"- its programs: pdftoppm × 4 .*1\.00",
        "fork server",
        r"worker/b\.py:f",
    ]
    rows += [r"worker/d\.py:read +2\.5 +50\.000", r"\+2\.0 KB of Python's objects, \+1,000 bytes a document"]
    assert [row for row in rows if not re.search(row, text)] == []


def test_the_flame_graph_is_an_svg_whose_frames_have_their_figures(measured: Measured) -> None:
    picture = ElementTree.fromstring(flame_graph(whole(measured.samples.figures), title="a < b & c"))  # noqa: S314
    widths = {}
    for group in picture.iter(f"{SVG}g"):
        title, box = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None
        assert box is not None
        widths[(title.text or "").rpartition(": ")[0]] = float(box.attrib["width"])
    assert widths["worker"] == pytest.approx(2 * widths["lib/c.py:g"], abs=0.1)
    assert widths["all"] == pytest.approx(1_180)
    assert widths["programs of the reader"] == pytest.approx(widths["worker"], abs=0.1)
    assert "<recv>" in widths


def test_what_no_cpu_was_used_for_is_an_empty_picture() -> None:
    picture = ElementTree.fromstring(flame_graph({}, title="nothing"))  # noqa: S314
    assert list(picture.iter(f"{SVG}g")) == []


def test_each_workload_keeps_its_report_and_one_has_them_all(measured: Measured, tmp_path: Path) -> None:
    text = write(measured, tmp_path / "reports")
    (tmp_path / "reports" / "cpu_profile_search.txt").write_text("of an earlier run\n")
    assert collect(tmp_path / "reports").read_text(encoding="utf-8") == f"{text}\n\nof an earlier run\n"
    assert (tmp_path / "reports" / "flame_text.svg").exists()


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scam"]) == 2
    printed = capsys.readouterr().err
    assert "scam" in printed
    assert all(name in printed for name in NAMES)
