"""The records of one process; it is another, since a hook for events stays for good."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]
PROGRAM = """
import subprocess, sys
from pathlib import Path
from worker.runtime.profiling.process_profile import ProcessProfile
from worker.runtime.profiling.profile_order import ProfileKind, ProfileOrder

order = ProfileOrder(kind=ProfileKind(sys.argv[1]), folder=Path(sys.argv[2]))
profile = ProcessProfile(order, process="reader", descriptor=order.open("reader"))
profile.begin()
kept = [bytearray(1_000) for _ in range(500)]
subprocess.run(["/bin/sh", "-c", "exit 0"])
subprocess.run(["env", "true"])
sum(number * number for number in range(300_000))
profile.save("snapshot")
kept.clear()
profile.end()
"""


def records(kind: str, folder: Path) -> list[dict[str, Any]]:
    subprocess.run([sys.executable, "-c", PROGRAM, kind, str(folder)], check=True, cwd=ROOT)
    return [json.loads(line) for line in (folder / "reader.jsonl").read_text().splitlines()]


def test_a_record_has_the_cpu_the_programs_and_the_largest_memory(tmp_path: Path) -> None:
    first, last = records("allocations", tmp_path)
    assert (first["label"], last["label"], first["process"]) == ("snapshot", "", "reader")
    assert first["programs"] == {"sh": 1, "env": 1}
    assert 0 < first["cpu_s"] <= last["cpu_s"]
    assert first["programs_cpu_s"] > 0
    assert first["largest_kib"] > 1_000


def test_allocations_are_named_by_their_line_and_vanish_with_their_objects(tmp_path: Path) -> None:
    first, last = (record["allocations"] for record in records("allocations", tmp_path))
    assert first["now_bytes"] - last["now_bytes"] > 400_000
    size_bytes, count = first["lines"]["<string>:10"]
    assert (size_bytes > 400_000, count >= 500) == (True, True)
    assert last["most_bytes"] >= first["now_bytes"]


def test_samples_have_the_stacks(tmp_path: Path, require_module: Callable[..., None]) -> None:
    require_module("pyinstrument")
    from worker.runtime.profiling.stack_sampler import LIBRARIES

    first, last = records("samples", tmp_path)
    assert sum(first["stacks"].values()) > 0
    # What no thread of Python did is a remainder, which a later sample of a thread may lower.
    sampled = {stack: used_s for stack, used_s in first["stacks"].items() if stack != LIBRARIES}
    assert all(last["stacks"][stack] >= used_s for stack, used_s in sampled.items())


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="profile_order refuses it there")
def test_calls_have_their_counts(tmp_path: Path) -> None:
    first, _ = records("calls", tmp_path)
    assert first["calls"]["<string>:<genexpr>"][0] == 300_001
