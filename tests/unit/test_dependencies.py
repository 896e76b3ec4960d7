"""Every package that is imported is declared, and in the extra of those who import it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
OURS = {"worker", "tests", "bench", "fuzz", "infra", "scripts"}
# Which packages may import what only an extra installs.
LOCAL = ("embedded", "demo", "samples", "home")


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
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    # The stubs of boto3 are extras of one distribution, boto3-stubs.
    return {name for name in found if not name.startswith("mypy_boto3_")}


def undeclared(paths: Iterable[Path], *extras: str) -> list[str]:
    known, distributions = declared(*extras), packages_distributions()
    return [
        f"{path.relative_to(ROOT)}: {module}"
        for path in paths
        for module in sorted(imported(path) - OURS - sys.stdlib_module_names)
        if not known & {normalise(name) for name in distributions.get(module, [module])}
    ]


def test_the_worker_imports_only_its_dependencies() -> None:
    worker = ROOT / "worker"
    modules = [p for p in worker.rglob("*.py") if p.relative_to(worker).parts[0] not in LOCAL]
    assert modules
    assert undeclared(modules, "fast", "japanese", "neural", "profile", "simulate") == []


def test_the_embedded_stack_and_the_samples_import_only_the_extra_local() -> None:
    modules = [path for folder in LOCAL for path in (ROOT / "worker" / folder).rglob("*.py")]
    assert modules
    assert undeclared(modules, "local") == []


def test_tests_and_measurements_import_only_what_an_extra_declares() -> None:
    modules = [
        path for folder in ("tests", "bench", "fuzz", "infra") for path in (ROOT / folder).rglob("*.py")
    ]
    assert undeclared(modules, "local", "simulate", "dev") == []


def test_an_import_that_nothing_declares_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import os\nimport lxml.etree\nfrom flask import Flask\n", encoding="utf-8"
    )
    assert imported(tmp_path / "a.py") == {"os", "lxml", "flask"}
    assert "lxml" in declared()
    assert "python-docx" not in declared()
