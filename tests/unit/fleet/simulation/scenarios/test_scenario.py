"""Scenario: its parts must fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.fleet.simulation.scenario_parts import BACKFILL, PAGES, STEADY, make_scenario
from worker.fleet.simulation.scenarios.scenario import Scenario
from worker.fleet.simulation.scenarios.section import Section

pytestmark = pytest.mark.unit

SCAN = {"name": "scan", "share": 0.5, "pages": 1, "seconds_per_page": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"documents": [SCAN]}, "the shares must add up to 1, not 0.5"),
        ({"policies": [PAGES, PAGES]}, "`pages` is there twice"),
        ({"chosen": "magic"}, "no such policy `magic`; allowed: static, pages"),
        ({"duration_days": None}, "`duration_days` is missing"),
        ({"arrivals": [STEADY | {"documents_per_hour": 1e9}]}, "at most 50,000,000 are simulated"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_scenario(**change)


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ([STEADY], 360 * 24),
        ([{"kind": "office_day", "documents_per_day": 500}], 500),
        ([BACKFILL, STEADY], 1000 + 360 * 24),
    ],
)
def test_expected_documents(arrivals: list[dict[str, Any]], expected: float) -> None:
    assert make_scenario(arrivals=arrivals, duration_days=1).expected_documents == expected


def test_a_backfill_needs_no_duration() -> None:
    assert make_scenario(arrivals=[BACKFILL], duration_days=None).duration_days is None


def sections(section: type[Section] = Section) -> Iterator[type[Section]]:
    for each in section.__subclasses__():
        yield each
        yield from sections(each)


def test_every_key_is_documented_and_every_option_of_a_policy() -> None:
    page = (Path(__file__).parents[5] / "docs" / "simulate.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", page)) | set(re.findall(r"(\w+): ", page))
    ours = [each for each in sections() if each.__module__.startswith("worker.")]
    keys = {key for section in ours for key in section.model_fields} - {"kind", "value"}
    assert Scenario in ours
    assert keys - documented == set()
