"""The tests of a module are found wherever they are, and a name that is none is answered with near ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.suite.modules import TABLE, ModuleTests
from scripts.suite.place import ROOT, RefusedError

pytestmark = pytest.mark.unit

WORKER = ("alpha/__init__.py", "alpha/part/__init__.py", "alpha/queue.py", "events.py", "events_form.py")
TESTS = (
    *("unit/alpha/test_queue.py", "unit/alpha/test_queue_limits.py", "unit/alpha/part/test_x.py"),
    *("integration/alpha/test_queue.py", "integration/alpha/conftest.py", "e2e/test_all.py"),
    *("unit/test_events.py", "unit/test_events_records.py", "unit/test_events_form.py"),
)


@pytest.fixture
def project(tmp_path: Path) -> ModuleTests:
    for path in (*(f"worker/{one}" for one in WORKER), *(f"tests/{one}" for one in TESTS)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / TABLE).write_text('alpha = ["tests/e2e/test_all.py"]\n', encoding="utf-8")
    return ModuleTests(tmp_path)


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("alpha", ["tests/unit/alpha", "tests/integration/alpha", "tests/e2e/test_all.py"]),
        ("alpha.part", ["tests/unit/alpha/part"]),
        ("worker/alpha/part/", ["tests/unit/alpha/part"]),
        (
            "alpha.queue",
            [
                *("tests/unit/alpha/test_queue.py", "tests/unit/alpha/test_queue_limits.py"),
                "tests/integration/alpha/test_queue.py",
            ],
        ),
        ("events", ["tests/unit/test_events.py", "tests/unit/test_events_records.py"]),
        ("worker/events_form.py", ["tests/unit/test_events_form.py"]),
    ],
)
def test_tests_lie_where_their_module_does_or_are_listed(
    project: ModuleTests, name: str, places: list[str]
) -> None:
    assert project.places(name) == places


def test_files_of_tests_are_counted_and_no_others(project: ModuleTests) -> None:
    assert project.counts() == {"alpha": 5}


@pytest.mark.parametrize(
    ("name", "near"),
    [("alhpa", "alpha"), ("queue", "alpha.queue"), ("worker.alpa", "alpha"), ("event", "events")],
)
def test_an_unknown_name_is_answered_with_near_ones(project: ModuleTests, name: str, near: str) -> None:
    with pytest.raises(RefusedError, match=rf"no module '{name}'.*Did you mean {near}\b"):
        project.places(name)


@pytest.mark.parametrize("name", ["xyz", "", ".", "..", "../tests", "tests"])
def test_a_name_like_none_is_refused_without_a_guess(project: ModuleTests, name: str) -> None:
    with pytest.raises(RefusedError, match="--list-modules") as refused:
        project.places(name)
    assert "Did you mean" not in str(refused.value)


def test_every_package_of_the_worker_has_tests() -> None:
    counts = ModuleTests().counts()
    assert set(counts) == {path.parent.name for path in (ROOT / "worker").glob("*/__init__.py")}
    assert [name for name, count in counts.items() if count == 0] == []


def test_the_table_names_modules_and_tests_that_exist() -> None:
    modules = ModuleTests()
    for name, places in modules.table().items():
        assert modules.places(name)
        assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_test_of_the_whole_worker_is_listed_for_a_module() -> None:
    """Or `scripts/test --module` would never run it: name it in tests/modules.toml."""
    listed = [ROOT / place for places in ModuleTests().table().values() for place in places]
    files = [path for floor in ("e2e", "resilience") for path in (ROOT / "tests" / floor).rglob("test_*.py")]
    unlisted = [path for path in files if not any(path.is_relative_to(place) for place in listed)]
    assert [path.relative_to(ROOT).as_posix() for path in unlisted] == []
