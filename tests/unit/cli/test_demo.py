from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from worker.cli.demo import demo

pytestmark = pytest.mark.unit


def test_the_help_lists_options_exit_statuses_and_an_example() -> None:
    app = typer.Typer(rich_markup_mode="markdown")
    app.command()(demo)

    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "160", "TERM": "dumb"})

    assert shown.exit_code == 0
    for part in ("--home", "--no-keep", "--json", "Exit status", "cis-worker demo --home demo-home"):
        assert part in shown.stdout
