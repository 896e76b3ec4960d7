"""The reference pages are complete and name only what exists."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from worker.config import Settings, environment_name
from worker.errors import Code
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit

DOCS = Path(__file__).parents[2] / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))


def documented_settings() -> dict[str, str]:
    """Variable -> default, from the tables of the page."""
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([A-Z_0-9]+)` \| (.+?) \| .{20,} \|$", page, re.MULTILINE))


def format_default(default: object) -> str:
    """A default as the page writes it."""
    match default:
        case None | "" | ():
            return "(none)"
        case SecretStr():
            return format_default(default.get_secret_value())
        case bool():
            return f"`{str(default).lower()}`"
        case float():
            return f"`{default:g}`"
        case tuple():
            return f"`{','.join(default)}`"
        case _:
            return f"`{default}`"


def test_every_setting_is_explained_and_every_variable_explained_exists() -> None:
    assert sorted(documented_settings()) == sorted(environment_name(field) for field in Settings.model_fields)


def test_the_documented_defaults_are_the_defaults() -> None:
    fixed = {
        environment_name(name): format_default(field.default)
        for name, field in Settings.model_fields.items()
        if field.default is not PydanticUndefined
    }
    documented = documented_settings()
    assert {name: documented.get(name) for name in fixed} == fixed


def paragraphs() -> dict[str, str]:
    """Code -> its paragraph."""
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^### `(\w+)`\n(.+)$", page, re.MULTILINE))


def test_every_code_has_its_paragraph_and_every_paragraph_its_code() -> None:
    assert sorted(paragraphs()) == sorted(code.value for code in Code)


def test_every_metric_is_documented_with_its_type_and_every_documented_one_exists() -> None:
    page = (DOCS / "observability.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `(cis_\w+)` \| (\w+) \| [\w, -]+ \| .{10,} \|$", page, re.MULTILINE))
    rendered = Metrics().render().decode()
    existing = dict(re.findall(r"^# TYPE (cis_\w+) (\w+)$", rendered, re.MULTILINE))
    # Those that are read at a scrape are registered by their owners.
    for path in (DOCS.parent / "worker").rglob("*.py"):
        for is_sum, name in re.findall(r"\.watch(_sum)?\(\s*\"(\w+)\"", path.read_text(encoding="utf-8")):
            existing[f"cis_{name}{'_total' if is_sum else ''}"] = "counter" if is_sum else "gauge"
    assert documented == existing


def test_advice_names_only_settings_that_exist() -> None:
    # The home of user files is no setting of a worker: the option --home of the commands reads it.
    known = {environment_name(field) for field in Settings.model_fields} | {"CIS_HOME"}
    pages = [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]
    named = {
        name for page in pages for name in re.findall(r"\bCIS_[A-Z_]+\b", page.read_text(encoding="utf-8"))
    }
    assert named - known == set()


def test_pages_name_only_files_that_exist() -> None:
    """Paths in `code` and relative links; `x.{py,md}`, patterns and paths at run time apart."""
    missing = []
    for page in (DOCS / "extending.md", DOCS / "architecture.md", *DOCS.glob("decisions/*.md")):
        text = page.read_text(encoding="utf-8")
        paths = re.findall(r"`((?:worker|tests|bench|fuzz|scripts|docs)/[\w./-]+)`", text)
        missing += [f"{page.name}: {path}" for path in paths if not (DOCS.parent / path).exists()]
        links = re.findall(r"\]\((?!http)([^)#]+)", text)
        missing += [f"{page.name}: {link}" for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_decisions_have_a_number_a_date_a_status_and_say_why() -> None:
    # 4 became a part of 3.
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == [number for number in range(1, numbers[-1] + 1) if number != 4]
    headings = ("\nDate: 20", "\nStatus: ", "## Context", "## Decision", "## Consequences")
    incomplete = {
        path.name: heading
        for path in DECISIONS
        for heading in headings
        if heading not in path.read_text(encoding="utf-8")
    }
    assert incomplete == {}


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value if isinstance(code, Enum) else str(code))
def test_a_paragraph_says_more_than_the_code(code: Code) -> None:
    assert len(paragraphs()[code.value]) > 40
