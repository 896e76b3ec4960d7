"""`cis-worker run` where the kernel refuses namespaces and Landlock, as in an old or a strict container."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.conftest import READY_S, Fleet
from tests.stand_ins.other_systems import ROOT, without
from worker.embedded.child_process import python_command
from worker.embedded.worker_process import WorkerProcess

pytestmark = pytest.mark.e2e

RUN = (*without("namespace", "landlock"), *python_command("worker", "run"))


@pytest.mark.parametrize("allowed", ["", "true"])
def test_on_aws_it_refuses_to_start_and_says_what_to_do_unless_that_is_allowed(
    tmp_path: Path, allowed: str
) -> None:
    names = ("CIS_QUEUE_URL", "CIS_DLQ_URL", "CIS_RESULTS_BUCKET", "CIS_FILE_TABLE")
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
    environment = {
        **dict.fromkeys(names + keys, "none"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "CIS_ALLOW_UNCONFINED_READERS": allowed,
        "CIS_WORK_DIR": str(tmp_path),
        # Where it does start, a setting that is wrong ends it before it calls AWS.
        "CIS_LANGUAGES": "tlh" if allowed else "eng",
    }
    done = subprocess.run(RUN, env=environment, capture_output=True, text=True, check=False, timeout=READY_S)
    assert done.returncode == 2
    assert "readers_confined" in done.stdout
    assert "Traceback" not in done.stderr
    assert ("CIS_ALLOW_UNCONFINED_READERS=true" in done.stderr) == (not allowed)
    assert list(tmp_path.iterdir()) == []


def test_on_the_embedded_stack_it_says_so_and_reads_all_the_same(
    fleet: Fleet, until: Callable[..., None]
) -> None:
    variables = {**fleet.stack.environment(), "CIS_WORK_DIR": str(fleet.work_dir), "CIS_POLL_WAIT_S": "2"}
    fleet.put("a.txt", b"text")
    with closing(
        WorkerProcess(
            variables,
            stderr_path=fleet.stack.home / "stderr.log",
            on_line=fleet.lines.append,
            command=RUN,
        )
    ) as worker:
        worker.wait_until_ready(READY_S)
        until(lambda: fleet.finished("a.txt"))
    (line,) = fleet.events("readers_confined")
    assert line["level"] == "warning"
    assert isinstance(line["missing"], dict)
    assert {"namespace", "landlock"} <= line["missing"].keys()
