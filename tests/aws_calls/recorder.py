"""Records the calls to AWS that worker/ makes during a test run, and compares them with the table.

A pytest plugin: a hook in botocore sees every call of every client of the process, and the stack says who
made it. Whatever was recorded must be in the table, for that role; that holds for a single test as for all of
them, and in each process of pytest-xdist. What is listed and never called is found by
tests/unit/test_policies.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import botocore.session
import pytest
from opensearchpy import Urllib3HttpConnection

from tests.aws_calls.table import CALLS, Need

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "reports" / "aws-calls.json"
Made = tuple[str, str]
"""Who made a call, and `service:Operation`.

Worker, operator, doctor (which both run), deployer, or "" where the stack does not say.
"""

_KEY = "aws_calls"
_WORKER = str(ROOT / "worker")
# Stand-ins, and what runs on a user's own machine: never on AWS.
_NOT_ON_AWS = ("embedded", "demo", "home", "samples")
_OPERATOR = ("cli", "operation", "maintenance")
_DEPLOYER = (
    *("operation/deployment.py", "aws/provisioning.py"),
    *("aws/buckets/notifications.py", "aws/buckets/lifecycle_rules.py"),
)
# The size of the group is theirs, also where a program uses ScalingManager by itself.
_SCALING = ("fleet/scaling_manager.py", "fleet/scaling_action.py")
_STATUS = ("operation/status.py", "operation/failures.py")
# The adapters may be called by a test alone: then nobody is known.
_ADAPTERS = ("aws", "index", "resilience", "runtime", "services.py", "config.py")
_LIBRARIES = ("botocore", "boto3", "s3transfer", "opensearchpy", "concurrent", "threading.py")


class Recorder:
    """What was recorded in this process."""

    def __init__(self) -> None:
        self.made: set[Made] = set()

    def install(self) -> None:
        """Hook into every client of AWS and of OpenSearch that this process makes from now on."""
        session_class: Any = botocore.session.Session
        connection_class: Any = Urllib3HttpConnection
        begin, perform = session_class.__init__, connection_class.perform_request

        def begin_and_listen(session: Any, *arguments: Any, **options: Any) -> None:
            begin(session, *arguments, **options)
            session.register("before-parameter-build", self.note_call, unique_id="aws-calls")

        def perform_and_note(connection: Any, method: str, *arguments: Any, **options: Any) -> Any:
            self._note(f"es:{method}")
            return perform(connection, method, *arguments, **options)

        session_class.__init__, connection_class.perform_request = begin_and_listen, perform_and_note

    def note_call(self, model: Any, **_: object) -> None:
        """One call, before it is sent."""
        self._note(f"{model.service_model.service_name}:{model.name}")

    def _note(self, call: str) -> None:
        who = caller(sys._getframe(2))
        if who is not None:
            self.made.add((who, call))


def caller(frame: FrameType | None) -> str | None:
    """Who makes a call, by the stack above it; None for a test, a stand-in and whatever is not worker/."""
    inside: list[str] = []
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_WORKER):
            inside.append(path[len(_WORKER) + 1 :])
        elif not inside and not _is_library(path):
            return None
        frame = frame.f_back
    if not inside:
        return ""  # a thread of a library's own pool: somebody of worker/ or of a test
    return _role(inside)


def _role(paths: Iterable[str]) -> str | None:
    parts = [path.partition("/")[0] for path in paths]
    if any(part in _NOT_ON_AWS for part in parts):
        return None
    if any(path in _DEPLOYER for path in paths):
        return "deployer"
    if any(path.startswith("operation/") and path not in _STATUS for path in paths):
        return "doctor"
    if any(part in _OPERATOR for part in parts) or any(path in _SCALING for path in paths):
        return "operator"
    return "" if all(part in _ADAPTERS for part in parts) else "worker"


def _is_library(path: str) -> bool:
    return any(f"/{name}" in path for name in _LIBRARIES)


def problems(made: Iterable[Made]) -> list[str]:
    """What was made and is not in the table, or not for that role."""
    found = []
    for who, call in sorted(set(made)):
        need = CALLS.get(call)
        if need is None:
            # In a thread of a library's pool a test's own call looks the same.
            if who:
                found.append(f"{call}, made by the {who}, is not in tests/aws_calls/table.py")
        elif need.why or not who:
            continue
        elif not _may(who, need):
            found.append(f"{call} is made by the {who}, who has no permission for it in infra/roles.yaml")
    return found


def _may(who: str, need: Need) -> bool:
    match who:
        case "worker":
            return bool(need.worker)
        case "operator":
            return bool(need.operator)
        case "deployer":
            return need.deployer or bool(need.operator)
    return bool(need.worker or need.operator)


RECORDER = Recorder()


def pytest_configure() -> None:
    """Begin before the first client is made."""
    RECORDER.install()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist sends what it recorded; the controller, or a single process, decides."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_KEY] = sorted(RECORDER.made)
        return
    if REPORT.parent.is_dir() and RECORDER.made:
        report = {
            who or "unknown": sorted(call for by, call in RECORDER.made if by == who)
            for who, _ in RECORDER.made
        }
        REPORT.write_text(json.dumps(report, indent=1, sort_keys=True), encoding="utf-8")
    if problems(RECORDER.made) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect what a worker of pytest-xdist recorded; one that crashed has sent nothing."""
    RECORDER.made |= {(who, call) for who, call in getattr(node, "workeroutput", {}).get(_KEY, [])}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, and one more for each problem."""
    found = problems(RECORDER.made)
    calls = {call for _, call in RECORDER.made if call in CALLS}
    state = "FAILED" if found else "permitted"
    terminalreporter.write_line(
        f"AWS calls: {len(calls)} of {len(CALLS)} were made, all {state}"
        if not found
        else f"AWS calls: {state}"
    )
    for each in found:
        terminalreporter.write_line(f"  {each}", red=True)
