"""A scenario's file: a fault is one line with the file, the key and what is allowed there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.fleet.simulation.scenario_parts import scenario_values
from worker.errors import MisconfiguredError
from worker.fleet.simulation.scenarios.scenario_file import load_scenario

pytestmark = pytest.mark.unit

SCENARIOS = sorted((Path(__file__).parents[5] / "infra" / "scenarios").glob("*.yaml"))


def fault(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MisconfiguredError) as caught:
        load_scenario(path)
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(f"{path}: ")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenarios_of_the_repository_load(path: Path) -> None:
    assert load_scenario(path).chosen == "pages"


def test_there_are_three() -> None:
    assert [path.stem for path in SCENARIOS] == ["backfill", "office-day", "steady"]


def _change(values: dict[str, Any], *path: str | int, value: object) -> None:
    place: Any = values
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            ["arrivals", 0, "documents_per_hour"],
            -5,
            "arrivals[0].documents_per_hour: must be greater than 0, is -5",
        ),
        (
            ["instances", "boot_secs"],
            1,
            "instances: unknown key `boot_secs` (did you mean `boot_s`?); allowed: vcpus, ",
        ),
        (["sead"], 1, "unknown key `sead` (did you mean `seed`?); allowed: title, seed, "),
        (["instances", "boot_s"], "soon", "instances.boot_s: must be a number, is 'soon'"),
        (["instances", "boot_s"], True, "instances.boot_s: must be a number, is true"),
        (["instances", "vcpus"], 1.5, "instances.vcpus: must be a whole number, is 1.5"),
        (
            ["policies", 0, "kind"],
            "magic",
            "policies[0]: `kind`: no such policy `magic`; allowed: static, step, ",
        ),
        (["arrivals", 0, "kind"], "weekly", "arrivals[0]: `kind`: no such kind `weekly`; allowed: steady, "),
        (["arrivals", 0], {"documents_per_hour": 1}, "arrivals[0]: `kind` is missing; allowed: steady, "),
        (
            ["policies", 1, "max_capacity"],
            0,
            "policies[1].max_capacity: must be greater than or equal to 1, is 0",
        ),
        (
            ["documents", 0, "pages"],
            {"median": 3},
            "documents[0].pages: must be a number, or `median` and `p95`",
        ),
        (["documents", 0, "share"], 0.4, "`documents`: the shares must add up to 1, not 0.4"),
        (["chosen"], "magic", "`chosen`: no such policy `magic`; allowed: static, pages"),
        (["target"], None, "target: must be a mapping with the keys delay_s, percentile, is None"),
        (["arrivals"], [], "arrivals: must have at least one entry"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, list) else None,
)
def test_a_wrong_value_is_named(tmp_path: Path, path: list[str | int], value: object, said: str) -> None:
    values = scenario_values()
    values = yaml.safe_load(yaml.safe_dump(values))
    _change(values, *path, value=value)
    assert fault(tmp_path / "scenario.yaml", yaml.safe_dump(values)).startswith(said)


def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    values = scenario_values()
    del values["chosen"]
    assert fault(tmp_path / "s.yaml", yaml.safe_dump(values)) == "chosen: is missing; it has no default"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping with the keys title, "),
        ("- a", "must be a mapping with the keys title, "),
        ("target: {a: ]", "line 1, column 13: "),
        ("seed: 1\nseed: 2", "line 2, column 1: key `seed` is given twice"),
        ("seed: &a 1\nx: *a", "line 2, column 4: aliases are not allowed"),
        ("a: !!python/object/apply:os.getcwd []", "line 1, column 4: "),
        ("[" * 5000, "no YAML: "),
    ],
)
def test_what_is_no_mapping_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert fault(tmp_path / "s.yaml", text).startswith(said)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "no such file or directory"),
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not UTF-8"),
        (lambda path: path.write_bytes(b"#" * 1_000_001), "too large for a scenario"),
    ],
)
def test_what_is_no_file_of_text_is_refused(
    tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    make(tmp_path / "s.yaml")
    with pytest.raises(MisconfiguredError, match=said):
        load_scenario(tmp_path / "s.yaml")
