"""The runbook has every alarm and every reason code, and names only what exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from tests.stand_ins.stack_template import of_type, substitute
from worker.cli.main import app
from worker.errors import Code

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
PARTS = ("**Means.**", "**Look first.**", "**Fix.**")
# Two alarms without a paragraph: they are parts of no-heartbeat.
WITHOUT_PARAGRAPH = {"workers-silent", "instances-in-service"}
# Commands and options are checked on these pages.
PAGES = ("runbook.md", "cost.md")


def alarms() -> set[str]:
    """The names in the templates, without that of the deployment."""
    return {
        substitute(properties["AlarmName"], {"Name": "fleet"}).removeprefix("fleet-")
        for file in ("observability.yaml", "scaling.yaml")
        for kind in ("Alarm", "CompositeAlarm")
        for properties in of_type(file, f"AWS::CloudWatch::{kind}").values()
    }


def paragraphs() -> dict[str, str]:
    """Alarm -> its paragraph."""
    page = RUNBOOK.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^### `([\w-]+)`\n(.+?)(?=\n###|\n`workers|\Z)", page, re.MULTILINE | re.DOTALL))


def rows() -> dict[str, list[str]]:
    """Code -> what it means, where to look, what fixes it."""
    page = RUNBOOK.partition("\n## Reason codes\n")[2]
    found = re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE)
    return {code: rest.split(" | ") for code, rest in found}


def test_every_alarm_has_its_paragraph_and_every_paragraph_its_alarm() -> None:
    assert set(paragraphs()) == alarms() - WITHOUT_PARAGRAPH
    for name in WITHOUT_PARAGRAPH:
        assert f"`{name}`" in RUNBOOK


@pytest.mark.parametrize("name", sorted(alarms() - WITHOUT_PARAGRAPH))
def test_a_paragraph_says_what_it_means_where_to_look_and_what_fixes_it(name: str) -> None:
    text = paragraphs()[name]
    assert [text.count(part) for part in PARTS] == [1, 1, 1]
    assert [len(line) > 50 for line in text.strip().splitlines()] == [True, True, True]


def test_every_code_has_its_row_and_every_row_its_code() -> None:
    assert sorted(rows()) == sorted(code.value for code in Code)
    assert {code: cells for code, cells in rows().items() if len(cells) != 3 or not all(cells)} == {}


def test_alarms_that_a_row_names_exist() -> None:
    named = set(re.findall(r"Alarms? ((?:`[\w-]+`(?:, )?)+)", RUNBOOK))
    names = {name for group in named for name in re.findall(r"`([\w-]+)`", group)}
    assert names
    assert names - alarms() == set()


def commands(page: str) -> list[str]:
    """Commands of ours in the page, in code."""
    return re.findall(r"`(cis-worker [^`]+)`", (ROOT / "docs" / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("page", "command"), [(page, line) for page in PAGES for line in commands(page)])
def test_a_command_exists_with_its_options(page: str, command: str) -> None:
    words = shlex.split(command)[1:]
    found: Any = typer.main.get_command(app)
    while isinstance(found, TyperGroup):
        assert words, command
        name = words.pop(0)
        assert name in found.commands, command
        found = found.commands[name]
    options = {option for parameter in found.params for option in parameter.opts}
    used = {word for word in words if word.startswith("--")}
    assert used - options == set()


def test_log_lines_that_are_named_are_written() -> None:
    """Names in `code` beside "line" are events; each must be in the source."""
    named = set(re.findall(r"[Ll]ines? `(\w+)`", RUNBOOK))
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "worker").rglob("*.py"))
    assert len(named) > 8
    assert {name for name in named if f'"{name}"' not in source} == set()


def test_parameters_that_are_named_are_in_the_templates() -> None:
    named = set(re.findall(r"`((?:Max|Min|OnDemand|Disk|Subnet|Worker)[A-Z][A-Za-z]+)`", RUNBOOK))
    text = "".join(
        (ROOT / "infra" / f"{name}.yaml").read_text("utf-8") for name in ("fleet", "observability")
    )
    assert len(named) > 6
    assert {name for name in named if f"\n  {name}:\n    Type:" not in text} == set()
