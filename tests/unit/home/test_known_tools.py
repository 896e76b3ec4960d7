"""The tools that a run finds, and when it takes those that a former one found."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from worker.config import sandbox_environment
from worker.extract.tools import Tools
from worker.home.known_tools import find_tools, fingerprint
from worker.sandbox.probe_client import probe_tools

pytestmark = pytest.mark.unit

PROBED = "5.3.0"
KEPT = "5.9"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    _install(folder, "tesseract", f"tesseract {PROBED}")
    return folder


def _install(folder: Path, name: str, answer: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)


def _keep(folder: Path, environment: dict[str, str], **tools: object) -> Path:
    values = {"tesseract": KEPT, "languages": ["eng"], "tesserocr": "", "openvino": "", "onnxruntime": ""}
    kept = folder / "tools.json"
    kept.parent.mkdir(exist_ok=True)
    all_values = {**values, "network": "", "libre_office": "", **tools}
    kept.write_text(json.dumps({"fingerprint": fingerprint(environment), "tools": all_values}))
    return kept


def test_what_a_run_finds_is_what_the_probe_finds_and_is_kept(tmp_path: Path) -> None:
    environment = sandbox_environment()
    found = find_tools(environment, folder=tmp_path / "cache")
    assert found == probe_tools(environment)
    assert list((tmp_path / "cache").iterdir()) == [tmp_path / "cache" / "tools.json"]
    kept = json.loads((tmp_path / "cache" / "tools.json").read_text())
    assert kept["fingerprint"] == fingerprint(environment)
    assert kept["tools"]["tesseract"] == found.tesseract


def test_kept_tools_are_taken_without_a_probe(tmp_path: Path, programs: Path) -> None:
    environment = {"PATH": str(programs)}
    _keep(tmp_path, environment)
    assert find_tools(environment, folder=tmp_path) == Tools(tesseract=KEPT, languages=("eng",))


def test_another_answer_of_tesseract_is_another_machine(programs: Path) -> None:
    before = fingerprint({"PATH": str(programs)})
    _install(programs, "tesseract", "tesseract 5.4.0")
    assert fingerprint({"PATH": str(programs)}) != before


def test_a_program_for_office_files_that_is_installed_or_replaced_is_noticed(programs: Path) -> None:
    states = [fingerprint({"PATH": str(programs)})]
    _install(programs, "soffice", "LibreOffice 7")
    states.append(fingerprint({"PATH": str(programs)}))
    # The script that starts it stays the same; what it starts is replaced.
    (programs / "soffice.bin").write_bytes(b"another version")
    states.append(fingerprint({"PATH": str(programs)}))
    assert len(set(states)) == 3


def test_a_python_package_that_is_installed_is_noticed(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    before = fingerprint({"PATH": str(programs)})
    (packages / "tesserocr-9.dist-info").mkdir()
    # Both may fall into one step of the clock.
    os.utime(packages, ns=(1, 1))
    assert fingerprint({"PATH": str(programs)}) != before


def test_the_environment_of_the_readers_counts(programs: Path) -> None:
    plain = {"PATH": str(programs)}
    assert fingerprint({**plain, "TESSDATA_PREFIX": "/models"}) != fingerprint(plain)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"fingerprint": "x"}', "not json", '{"fingerprint": null, "tools": {}}']
)
def test_a_damaged_file_is_as_none(tmp_path: Path, programs: Path, content: str) -> None:
    (tmp_path / "tools.json").write_text(content)
    assert find_tools({"PATH": str(programs)}, folder=tmp_path).tesseract == PROBED


@pytest.mark.parametrize("wrong", [{"languages": "eng"}, {"tesseract": 5}, {"languages": [1]}])
def test_a_kept_value_of_another_type_is_as_none(
    tmp_path: Path, programs: Path, wrong: dict[str, object]
) -> None:
    environment = {"PATH": str(programs)}
    _keep(tmp_path, environment, **wrong)
    assert find_tools(environment, folder=tmp_path).tesseract == PROBED


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """A file in the way of the folder stops root, too."""
    folder.write_text("")
    yield
    folder.unlink()


def test_a_folder_that_takes_no_file_costs_nothing_but_the_search(tmp_path: Path) -> None:
    with _read_only(tmp_path / "cache"):
        assert find_tools(sandbox_environment(), folder=tmp_path / "cache").tesseract
    assert find_tools(sandbox_environment(), folder=None).tesseract
