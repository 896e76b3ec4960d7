"""A fault that no test notices is named, and an entry that says nothing is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.mutants import CatalogueError, Mutant, check, load

pytestmark = pytest.mark.integration

CODE = "def double(number):\n    return number * 2\n"
TESTS = """
from code_under_test import double

def test_of_two():
    assert double(2) == 4

def test_of_three():
    assert double(3) == 6
"""
ENTRY = """
[[mutant]]
name = "plus"
file = "code_under_test.py"
find = "number * 2"
replace = "number + 2"
killed_by = ["test_double.py"]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "code_under_test.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "test_double.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def mutant(find: str, replace: str, test: str = "test_double.py") -> Mutant:
    return Mutant(
        topic="t", name="n", file="code_under_test.py", find=find, replace=replace, killed_by=(test,)
    )


def test_a_fault_that_a_test_notices_is_killed_and_taken_out_again(tree: Path) -> None:
    assert check(mutant("number * 2", "number + 2"), tree).verdict == "killed"
    assert (tree / "code_under_test.py").read_text(encoding="utf-8") == CODE


def test_a_fault_that_its_test_cannot_see_survives(tree: Path) -> None:
    result = check(mutant("number * 2", "number + 2", "test_double.py::test_of_two"), tree)
    assert result.verdict == "SURVIVED"
    assert "1 passed" in result.note


def test_a_tree_that_cannot_be_imported_proves_nothing(tree: Path) -> None:
    assert check(mutant("def double", "def def double"), tree).verdict == "BROKEN"


def test_a_text_that_is_not_there_once_is_refused(tree: Path) -> None:
    with pytest.raises(CatalogueError, match="occurs 2 times"):
        check(mutant("number", "digit"), tree)


def test_entries_are_chosen_by_name_or_topic(tmp_path: Path) -> None:
    (tmp_path / "arithmetic.toml").write_text(ENTRY, encoding="utf-8")
    assert [each.name for each in load(tmp_path, ["plus"])] == ["plus"]
    assert [each.name for each in load(tmp_path, ["arithmetic"])] == ["plus"]
    with pytest.raises(CatalogueError, match="minus"):
        load(tmp_path, ["minus"])


@pytest.mark.parametrize("field", ["name", "file", "find", "replace", "killed_by"])
def test_an_entry_without_a_field_is_refused(tmp_path: Path, field: str) -> None:
    lines = [line for line in ENTRY.splitlines() if not line.startswith(field)]
    (tmp_path / "arithmetic.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CatalogueError, match=field):
        load(tmp_path, [])
