"""Commands and environments of child processes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from worker.embedded.child_process import clean_environment, python_command

pytestmark = pytest.mark.unit


def test_no_aws_variable_of_the_user_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "secret")
    monkeypatch.setenv("CIS_LANGUAGES", "eng")
    environment = clean_environment({"AWS_REGION": "ap-northeast-1"})
    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == {
        "AWS_REGION": "ap-northeast-1"
    }
    assert environment["CIS_LANGUAGES"] == "eng"


def test_a_users_python_path_stays_behind_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "theirs")
    ours, theirs = clean_environment({})["PYTHONPATH"].split(os.pathsep)
    assert (Path(ours) / "worker" / "__init__.py").exists()
    assert theirs == "theirs"


def test_the_working_directory_cannot_replace_the_package(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("raise SystemExit('the wrong worker')")
    result = subprocess.run(
        python_command("worker.errors"), cwd=tmp_path, env=clean_environment({}), timeout=60, check=False
    )
    assert result.returncode == 0
