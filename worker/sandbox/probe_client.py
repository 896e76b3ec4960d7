"""Which reading programs and libraries work here, as a process of its own finds out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from worker.errors import Code, MisconfiguredError
from worker.extract.tools import Tools

_TIMEOUT_S = 300.0
"""Its imports take a second on a quiet machine; from a cold disk LibreOffice alone takes several."""
_MESSAGE_CHARS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolReport:
    """What was found; `problem` says why Tesseract cannot be used, "" where it can."""

    tools: Tools
    problem: str


def report_tools(environment: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> ToolReport:
    """Run the probe process under the environment that the reading processes get.

    Raises MisconfiguredError when it does not end in time, fails, or prints no report.
    """
    # It runs in another folder, where it would not find a package that is imported from a checkout.
    environment = {**environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "worker.sandbox.probe_process"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            # Not in the folder of the caller, which may hold modules of its own.
            cwd="/",
        )
    except subprocess.TimeoutExpired as error:
        raise MisconfiguredError(
            f"the process that probes the reading programs did not end within {timeout_s:g} s"
        ) from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise MisconfiguredError(
            f"the process that probes the reading programs ended with status {done.returncode}: "
            f"{lines[-1][:_MESSAGE_CHARS] if lines else 'no message'}"
        )
    return _parse_report(done.stdout)


def probe_tools(environment: Mapping[str, str]) -> Tools:
    """The tools of a machine that can recognise text. Raises MisconfiguredError where it cannot."""
    report = report_tools(environment)
    if report.problem:
        raise MisconfiguredError(report.problem, code=Code.PROGRAM_MISSING)
    return report.tools


def _parse_report(output: bytes) -> ToolReport:
    lines = output.splitlines() or [b""]
    try:
        report = json.loads(lines[-1])
        versions = {field.name: report["tools"][field.name] for field in fields(Tools)}
        languages, problem = versions.pop("languages"), report["problem"]
    except (ValueError, KeyError, TypeError) as error:
        raise MisconfiguredError("the process that probes the reading programs printed no report") from error
    texts = (*versions.values(), problem, *(languages if isinstance(languages, list) else [None]))
    if not all(isinstance(text, str) for text in texts):
        raise MisconfiguredError("the process that probes the reading programs printed an invalid report")
    return ToolReport(tools=Tools(languages=tuple(languages), **versions), problem=problem)
