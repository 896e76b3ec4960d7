"""A run on the queue: its conditions from options, its notes and its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer

from worker.cli.recovery.dead_letter_run import make_dead_letter_filter, open_run
from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    from tests.unit.cli.recovery.conftest import Run
    from tests.unit.world import World

pytestmark = pytest.mark.unit


def test_options_become_conditions() -> None:
    wanted = make_dead_letter_filter(["timeout"], ["pdf"], "x/", older_than="2h", names=["a"])
    assert (wanted.older_than_s, wanted.newer_than_s, wanted.names) == (7_200, None, ("a",))
    assert (wanted.files.prefix, wanted.files.types) == ("x/", frozenset({"pdf"}))


def test_settings_that_are_missing_are_named() -> None:
    with (
        pytest.raises(MisconfiguredError, match="CIS_DLQ_URL"),
        open_run(make_dead_letter_filter(None, None, ""), what="reading"),
    ):
        pass


def test_a_note_says_when_others_are_hidden(
    run: Run, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    del run
    world.clients.sqs.send_message(QueueUrl=world.dlq_url, MessageBody="{}")
    with open_run(make_dead_letter_filter(None, None, ""), what="reading") as opened:
        world.clients.sqs.receive_message(QueueUrl=world.dlq_url)
        result = opened.command.list()
    with pytest.raises(typer.Exit) as exited:
        opened.end(result, status=1)
    assert exited.value.exit_code == 1
    assert "another reader" in capsys.readouterr().err
