"""The commands about dead letters, on a queue with one of each kind."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.maintenance.dead_letter_world import dead_letter, dlq_depth, moved_by_sqs
from worker.errors import Code, MisconfiguredError

if TYPE_CHECKING:
    from tests.unit.cli.recovery.conftest import Run
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def fill(world: World) -> None:
    dead_letter(world, "share/予算.xlsx")
    dead_letter(world, "b.pdf", Code.SOURCE_FORBIDDEN)
    moved_by_sqs(world, "c.pdf", failures=1)
    world.clients.sqs.send_message(QueueUrl=world.dlq_url, MessageBody="hello \x09 there")


def parse(stdout: str) -> dict[str, Any]:
    (line,) = stdout.splitlines()
    values: dict[str, Any] = json.loads(line)
    return values


def test_a_list_names_reason_file_state_and_remedy(run: Run, world: World) -> None:
    fill(world)
    text = run("dlq", "list").stdout
    for part in ("share/予算.xlsx", "source_forbidden", "moved_by_sqs", "dead_lettered", "processing"):
        assert part in text
    assert "then redrive" in text
    values = parse(run("dlq", "list", "--json").stdout)
    assert (values["seen"], values["about"], len(values["messages"])) == (4, 4, 4)
    assert values["by_reason"] == {
        "moved_by_sqs": 1,
        "malformed_message": 1,
        "too_many_failures": 1,
        "source_forbidden": 1,
    }
    moved = next(each for each in values["messages"] if each["files"] and each["files"][0]["key"] == "c.pdf")
    assert moved["files"][0]["row"]["state"] == "processing"
    assert moved["reason"] == "last failure: timeout: took too long"
    assert dlq_depth(world) == (4, 0)


def test_a_list_can_be_bounded(run: Run, world: World) -> None:
    fill(world)
    only = parse(run("dlq", "list", "--json", "--type", "pdf", "--reason", "timeout").stdout)
    assert [each["files"][0]["key"] for each in only["messages"]] == ["c.pdf"]
    assert parse(run("dlq", "list", "--json", "--older-than", "1h").stdout)["messages"] == []
    with pytest.raises(MisconfiguredError, match="for example"):
        run("dlq", "list", "--older-than", "yesterday")


def test_one_is_shown_whole_by_key_or_id(run: Run, world: World) -> None:
    fill(world)
    (shown,) = parse(run("dlq", "show", "b.pdf", "--json").stdout)["messages"]
    assert json.loads(shown["body"])["s3Key"] == "b.pdf"
    assert (shown["cis"]["code"], shown["stage"]) == ("source_forbidden", "extract")
    text = run("dlq", "show", shown["message_id"][:8]).stdout
    assert '"s3Key": "b.pdf"' in text
    assert "first seen" in text
    missing = run("dlq", "show", "nothing")
    assert (missing.exit_code, "no dead letter" in missing.stderr) == (1, True)


def test_a_dry_run_changes_nothing(run: Run, world: World) -> None:
    fill(world)
    done = parse(run("dlq", "redrive", "--dry-run", "--json").stdout)
    assert (done["matched"], done["redriven"], done["dry_run"]) == (4, 0, True)
    assert (dlq_depth(world), world.waiting()) == ((4, 0), 0)


def test_a_redrive_says_what_it_did(run: Run, world: World) -> None:
    fill(world)
    result = run("dlq", "redrive", "--json")
    done = parse(result.stdout)
    assert (done["redriven"], done["unreadable"], done["failed"], result.exit_code) == (3, 1, 0, 0)
    assert (dlq_depth(world), world.waiting()) == ((1, 0), 3)
    assert "1 left" in run("dlq", "redrive").stdout


def test_a_redrive_that_failed_exits_with_one(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world)

    def refuse(*_: object) -> str:
        from worker.errors import UnavailableError

        raise UnavailableError("SQS is unavailable")

    monkeypatch.setattr("worker.aws.queue_manager.QueueManager.redrive", refuse)
    result = run("dlq", "redrive", "b.pdf")
    assert (result.exit_code, "SQS is unavailable" in result.stdout) == (1, True)
    assert dlq_depth(world) == (4, 0)


def test_a_purge_without_yes_deletes_nothing(run: Run, world: World) -> None:
    fill(world)
    refused = run("dlq", "purge")
    assert (refused.exit_code, "give --yes" in refused.stderr) == (1, True)
    assert dlq_depth(world) == (4, 0)
    done = parse(run("dlq", "purge", "--reason", "source_forbidden", "--yes", "--json").stdout)
    assert (done["purged"], dlq_depth(world)) == (1, (3, 0))
    assert run("dlq", "purge", "--dry-run").exit_code == 0


def test_ctrl_c_leaves_the_queue_as_it_was(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world)
    read = "worker.maintenance.dead_letters.walk.read_dead_letter"
    from worker.maintenance.dead_letters.dead_letter import read_dead_letter

    def interrupt(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr(read, read_dead_letter)
        return read_dead_letter(*arguments)

    monkeypatch.setattr(read, interrupt)
    result = run("dlq", "redrive", "--rate", "0.5")
    assert result.exit_code == 130
    assert dlq_depth(world) == (4, 0)
