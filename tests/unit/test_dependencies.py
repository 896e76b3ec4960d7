"""Every package that is imported is declared, and in the extra of those who import it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
OURS = {"worker", "tests", "bench", "fuzz", "infra", "scripts"}
# Which packages may import what only an extra installs.
HOME, LOCAL = ("embedded", "home"), ("demo", "samples")
# Imported whole only when somebody asks for what they do.
ASKED_FOR = (("fleet", "simulation"), ("runtime", "profiling"))


def project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    """The distributions of the dependencies and of these extras."""
    requirements = [*project()["dependencies"]]
    for extra in extras:
        requirements += project()["optional-dependencies"][extra]
    return {normalise(re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0]) for requirement in requirements}


def imported(path: Path) -> set[str]:
    """Top-level modules that a file imports, those for type checkers apart."""
    return modules_in(ast.parse(path.read_text(encoding="utf-8")))


def modules_in(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    # The stubs of boto3 are extras of one distribution, boto3-stubs.
    return {name for name in found if not name.startswith("mypy_boto3_")}


def imported_at_once(path: Path) -> set[str]:
    """Those that importing the file imports, in whatever block: not within a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = []
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    return modules_in(tree)


def undeclared(paths: Iterable[Path], *extras: str, find: Callable[[Path], set[str]] = imported) -> list[str]:
    known, distributions = declared(*extras), packages_distributions()
    return [
        f"{path.relative_to(ROOT)}: {module}"
        for path in paths
        for module in sorted(find(path) - OURS - sys.stdlib_module_names)
        if not known & {normalise(name) for name in distributions.get(module, [module])}
    ]


def test_the_worker_imports_only_its_dependencies() -> None:
    worker = ROOT / "worker"
    modules = [p for p in worker.rglob("*.py") if p.relative_to(worker).parts[0] not in HOME + LOCAL]
    assert modules
    assert undeclared(modules, "fast", "japanese", "neural", "profile", "simulate") == []


def test_what_an_extra_installs_is_imported_where_it_is_used_and_not_before() -> None:
    # Without the extra everything else works: the image has no network, no simulation, no stand-ins.
    worker = ROOT / "worker"
    modules = [
        path
        for path in worker.rglob("*.py")
        if (parts := path.relative_to(worker).parts)[0] not in HOME + LOCAL and parts[:2] not in ASKED_FOR
    ]
    assert undeclared(modules, find=imported_at_once) == []


@pytest.mark.parametrize(("extras", "folders"), [(("home", "watch"), HOME), (("local",), LOCAL)])
def test_what_runs_on_one_machine_imports_only_its_extras(
    extras: tuple[str, ...], folders: tuple[str, ...]
) -> None:
    modules = [path for folder in folders for path in (ROOT / "worker" / folder).rglob("*.py")]
    assert modules
    assert undeclared(modules, *extras) == []


def test_tests_and_measurements_import_only_what_an_extra_declares() -> None:
    modules = [
        path for folder in ("tests", "bench", "fuzz", "infra") for path in (ROOT / folder).rglob("*.py")
    ]
    assert undeclared(modules, "local", "simulate", "watch", "dev") == []


def test_an_import_that_nothing_declares_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import os\nimport lxml.etree\nfrom flask import Flask\n", encoding="utf-8"
    )
    assert imported(tmp_path / "a.py") == {"os", "lxml", "flask"}
    assert "lxml" in declared()
    assert "python-docx" not in declared()


def test_an_import_within_a_function_is_not_made_at_once(tmp_path: Path) -> None:
    text = (
        "import os\nif TYPE_CHECKING:\n    import cv2\ntry:\n    import lxml\nexcept ImportError:\n    pass\n"
    )
    (tmp_path / "a.py").write_text(f"{text}def f():\n    import numpy\n", encoding="utf-8")
    assert imported_at_once(tmp_path / "a.py") == {"os", "lxml"}
