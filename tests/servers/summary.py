"""Two lines at the end of a run: which servers the tests used, and what was skipped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

SERVERS: pytest.StashKey[dict[str, str]] = pytest.StashKey()
"""Server -> how it was had; with pytest-xdist the controller collects those of its workers."""

_KEY = "servers"
_MAX_REASON_CHARS = 90


def record(config: pytest.Config, name: str, how: str) -> None:
    """Note that a test asked for a server."""
    config.stash.setdefault(SERVERS, {})[name] = how


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker of pytest-xdist noted to its controller."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_KEY] = session.config.stash.get(SERVERS, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect what a worker noted; one that crashed has sent nothing."""
    for name, how in getattr(node, "workeroutput", {}).get(_KEY, {}).items():
        record(node.config, name, how)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the two lines."""
    used = config.stash.get(SERVERS, {})
    terminalreporter.write_line(
        f"servers: {', '.join(f'{n} ({how})' for n, how in sorted(used.items())) or 'none'}"
    )
    terminalreporter.write_line(f"skipped: {skipped(terminalreporter.stats.get('skipped', []))}")


def skipped(reports: Iterable[Any]) -> str:
    """How many tests were skipped for each reason, the most frequent first."""
    reasons = Counter(_first_line(report) for report in reports)
    counts = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
    return f"{reasons.total()} tests: {counts}" if counts else "nothing"


def _first_line(report: Any) -> str:
    """The reason of a skip, without what follows its first line."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(reason).removeprefix("Skipped: ").splitlines()[0][:_MAX_REASON_CHARS]
