"""A short real soak: one worker on real servers, killed and started again, and everything accounted for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from worker.embedded.child_process import clean_environment

# On a machine that is busy otherwise it takes several times as long.
pytestmark = [pytest.mark.performance, pytest.mark.slow, pytest.mark.timeout(3_600)]


def soak(*arguments: str, servers: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.soak", "--small", "--index", "sqlite", *arguments],
        env=clean_environment(servers),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def servers(elasticmq_url: str, dynamodb_url: str) -> dict[str, str]:
    return {"TEST_ELASTICMQ_URL": elasticmq_url, "TEST_DYNAMODB_URL": dynamodb_url}


def test_a_killed_worker_leaves_nothing_and_the_next_one_goes_on(
    servers: dict[str, str], tmp_path: Path
) -> None:
    with soak(
        "--hours", "0.004", "--minutes", "0.15", "--reports", str(tmp_path), servers=servers
    ) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    saved = json.loads((tmp_path / "soak.json").read_text())
    first, *_, last = saved["generations"]
    assert (first["killed"], first["leftovers"], first["surprises"]) == (True, [], [])
    assert (last["killed"], last["is_drain"], last["leftovers"], last["surprises"]) == (False, True, [], [])
    assert saved["differences"] == {"sqlite": []}
    assert min(kind["done"] for kind in saved["kinds"].values()) >= 2
    assert last["samples"], "the last worker was sampled, too"
    assert "MISSED" not in output
    assert (tmp_path / "soak.svg").read_text().rstrip().endswith("</svg>")


def test_an_interrupted_soak_prints_its_table_so_far_and_leaves_no_process(
    servers: dict[str, str], tmp_path: Path
) -> None:
    with soak("--hours", "1", "--reports", str(tmp_path), servers=servers) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("generation 1"))
        os.kill(process.pid, signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 130, line + rest
    assert "interrupted: these are the figures so far" in rest
    assert json.loads((tmp_path / "soak.json").read_text())["is_interrupted"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(line.rpartition(" ")[2]), 0)
