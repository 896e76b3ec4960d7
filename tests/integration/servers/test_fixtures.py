"""An absent server skips its tests at home and fails them in CI; a named one is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.catalogue import ELASTICMQ, LOCALSTACK
from tests.servers.fixtures import may_be_absent
from tests.servers.kind import ROOT, ServerError
from tests.servers.programs import find_python313

pytestmark = pytest.mark.integration


def run(folder: Path, fixture: str, *options: str, **environment: str) -> str:
    """What a pytest prints whose one test asks for a fixture; no program is on its PATH."""
    plugins = '["tests.servers.summary", "tests.servers.fixtures"]'
    (folder / "conftest.py").write_text(f"pytest_plugins = {plugins}\n", encoding="utf-8")
    test = folder / "test_inner.py"
    test.write_text(
        f'def test_inner({fixture}):\n    assert {fixture} == "http://127.0.0.1:1"\n', encoding="utf-8"
    )
    done = subprocess.run(
        (
            *(
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-ra",
                "-p",
                "no:cacheprovider",
                *(options or ("-p", "no:xdist")),
            ),
            *("--rootdir", str(folder), "-c", os.devnull, "--basetemp", str(folder / "temp"), str(test)),
        ),
        cwd=folder,
        env={"PATH": str(folder), "HOME": str(folder), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    "fixture",
    ["elasticmq_url", "opensearch_url", "dynamodb_url"],
)
def test_an_absent_server_skips_at_home_and_fails_in_ci(tmp_path: Path, fixture: str) -> None:
    for environment, outcome in (({}, "1 skipped"), ({"CI": "true"}, "1 error")):
        output = run(tmp_path, fixture, **environment)
        assert outcome in output
        assert "is not installed.\n`make servers`" in output


def program(path: Path, prints: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{prints}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_python_that_does_not_run_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON313", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    program(tmp_path / "shims" / "python3.13", "exit 127")
    program(tmp_path / "pyenv" / "versions" / "3.13.1" / "bin" / "python3.13", "echo 3 12")
    with pytest.raises(ServerError, match="PYTHON313"):
        find_python313()
    assert may_be_absent(LOCALSTACK)
    assert not may_be_absent(ELASTICMQ)
    found = program(tmp_path / "pyenv" / "versions" / "3.13.0" / "bin" / "python3.13", "echo 3 13")
    assert find_python313() == str(found)
    assert not may_be_absent(LOCALSTACK)


def test_a_server_that_a_variable_names_is_used_as_it_is(tmp_path: Path) -> None:
    assert "1 passed" in run(tmp_path, "elasticmq_url", TEST_ELASTICMQ_URL="http://127.0.0.1:1/")


@pytest.mark.parametrize("options", [("-p", "no:xdist"), ("-n", "2")], ids=["alone", "xdist"])
def test_a_run_ends_with_the_servers_it_used_and_what_it_skipped(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    absent = run(tmp_path, "elasticmq_url", *options)
    assert "servers: elasticmq (absent)" in absent
    assert "skipped: 1 tests: 1 x java is not installed." in absent
    named = run(tmp_path, "elasticmq_url", *options, TEST_ELASTICMQ_URL="http://127.0.0.1:1")
    assert "servers: elasticmq (TEST_ELASTICMQ_URL)" in named
    assert "skipped: nothing" in named
