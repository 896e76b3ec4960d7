"""The command rerun: which files it names, and what it sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from worker.aws.file_table import Commit
from worker.models.file import FileType
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.unit.cli.recovery.conftest import Run
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def fill(world: World) -> None:
    ends = {
        "a.pdf": Commit(state=State.INDEXED, file_type=FileType.PDF),
        "b.doc": Commit(state=State.NO_CONTENT, reason="needs_libreoffice"),
        "c.pdf": Commit(state=State.PARTIAL, reason="pages_failed", file_type=FileType.PDF),
        "d.txt": Commit(state=State.TOMBSTONED, reason="object_gone"),
    }
    for key, end in ends.items():
        world.table.commit(world.claim(world.put(key)).claim, end)
    world.claim(world.put("e.pdf"))


def rerun(run: Run, *arguments: str) -> dict[str, Any]:
    (line,) = run("rerun", *arguments, "--json").stdout.splitlines()
    values: dict[str, Any] = json.loads(line)
    return values


def sent(world: World) -> dict[str, dict[str, Any]]:
    messages = world.queue.receive(limit=10, wait_s=0)
    return {json.loads(message.body)["s3Key"]: dict(message.cis) for message in messages}


def test_conditions_select_what_is_sent(run: Run, world: World) -> None:
    fill(world)
    done = rerun(run, "--reason", "needs_libreoffice")
    assert (done["sent"], done["scanned"], done["complete"]) == (1, 5, True)
    assert done["counts"] == [{"state": "no_content", "reason": "needs_libreoffice", "files": 1}]
    assert sent(world) == {"b.doc": {"rerun": "all", "again": 1}}


def test_all_means_finished_files_that_are_there(run: Run, world: World) -> None:
    fill(world)
    assert rerun(run, "--all", "--vectors")["sent"] == 3
    assert {key: cis["rerun"] for key, cis in sent(world).items()} == dict.fromkeys(
        ("a.pdf", "b.doc", "c.pdf"), "vectors"
    )
    assert rerun(run, "--state", "processing,tombstoned")["sent"] == 2


def test_a_dry_run_counts_and_sends_nothing(run: Run, world: World) -> None:
    fill(world)
    text = run("rerun", "--type", "pdf", "--dry-run").stdout
    assert "2 of 5 files would be sent" in text
    assert "pages_failed" in text
    assert sent(world) == {}


@pytest.mark.parametrize(("option", "count"), [((), 3), (("1",), 0), (("2",), 3)])
def test_the_pipeline_version_may_be_left_out(
    run: Run, world: World, option: tuple[str, ...], count: int
) -> None:
    fill(world)
    assert rerun(run, "--older-than-pipeline", *option, "--dry-run")["matched"] == count


@pytest.mark.parametrize(
    "arguments", [(), ("--state", "lost"), ("--all", "--index", "--vectors"), ("--older-than-pipeline", "x")]
)
def test_wrong_options_are_usage_errors(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("rerun", *arguments).exit_code == 2


def test_thumbnails_and_vectors_may_be_asked_for_together(run: Run, world: World) -> None:
    fill(world)
    rerun(run, "--prefix", "source/a", "--thumbnails", "--vectors")
    assert sent(world) == {"a.pdf": {"rerun": "thumbnails,vectors", "again": 1}}
