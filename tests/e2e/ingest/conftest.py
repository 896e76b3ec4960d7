"""User files, the home they are ingested into, and the commands as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from worker.embedded.child_process import clean_environment, python_command

DEADLINE_S = 400
# The AWS set-up of the user must not reach the worker.
# The second pass doubles the CPU of a page; the demo and the shared cases show that it is on by itself.
FOREIGN = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9",
    "CIS_OCR_SECOND_PASS": "off",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit status and output of a command."""

    status: int
    lines: list[dict[str, Any]]
    stderr: str

    def line(self, path: Path) -> dict[str, Any]:
        (line,) = [line for line in self.lines if line["file_path"] == str(path)]
        return line


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of documents, and the home they are ingested into."""

    docs: Path
    home: Path

    def command(self, name: str, *arguments: str | Path) -> list[str]:
        return [*python_command("worker"), name, *map(str, arguments), "--home", str(self.home)]

    def ingest(self, *arguments: str | Path, **settings: str) -> Ended:
        command = self.command("ingest", *(arguments or (self.docs,)), "--json")
        return _run(command, {**FOREIGN, **settings})

    def start(self, *options: str, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command("ingest", self.docs, *options), "--json"],
            env=clean_environment({**FOREIGN, **settings}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, name: str, *arguments: str | Path) -> Ended:
        return _run(self.command(name, *arguments), {})

    def ask(self, name: str, *arguments: str | Path) -> dict[str, Any]:
        ended = self.run(name, *arguments, "--json")
        assert ended.status == 0, ended.stderr
        (answer,) = ended.lines
        return answer

    @property
    def was_started(self) -> bool:
        """Whether the stack was started since `forget_start`."""
        return (self.home / "aws_config").exists()

    def forget_start(self) -> None:
        (self.home / "aws_config").unlink()


def _run(command: list[str], settings: dict[str, str]) -> Ended:
    done = subprocess.run(
        command, env=clean_environment(settings), capture_output=True, check=False, timeout=DEADLINE_S
    )
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return Ended(done.returncode, lines, done.stderr.decode())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    docs = tmp_path / "docs"
    docs.mkdir()
    return Place(docs, tmp_path / "home")


@pytest.fixture(scope="session")
def make_place() -> type[Place]:
    return Place


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are killed at the end of the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
