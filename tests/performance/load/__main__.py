"""`make load`: Locust with the report and the options of a run; exit status 1 when a bound is missed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.performance.load.options import AUTO, ENVIRONMENT, LOCAL, SERVERS, SHAPES

_ROOT = Path(__file__).resolve().parents[3]
_LOCUSTFILE = _ROOT / "tests" / "performance" / "locustfile.py"
_RAMP_S = 5
_LAST_TASK_S = 60


def command(users: int, minutes: float, *, target: str, shape: str, reports: Path) -> list[str]:
    """The command line of Locust."""
    name = f"load-{shape}" if shape else f"load-{users}-users"
    course = ["--load-shape", shape] if shape else []
    return [
        *(sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--only-summary"),
        *("-u", str(users), "-r", str(max(1, users // _RAMP_S)), "-t", f"{round(60 * minutes)}s"),
        *("--html", str(reports / f"{name}.html"), "--json-file", str(reports / name)),
        # A user who has put a file sends its message, too, before he goes.
        *("--stop-timeout", str(_LAST_TASK_S), "--loglevel", "WARNING", "--target", target, *course),
    ]


def main() -> None:
    """Become Locust."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--users", type=int, default=10, help="users at a time")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long they send")
    parser.add_argument("--target", choices=(AUTO, LOCAL, SERVERS, ENVIRONMENT), default=SERVERS)
    parser.add_argument("--shape", choices=("", *SHAPES), default="", help="a course, in place of USERS")
    parser.add_argument("--reports", type=Path, default=_ROOT / "reports", help="folder of the report")
    given = parser.parse_args()
    if given.users < 1 or given.minutes <= 0:
        parser.error("at least one user, and more than 0 minutes")
    given.reports.mkdir(parents=True, exist_ok=True)
    line = command(given.users, given.minutes, target=given.target, shape=given.shape, reports=given.reports)
    os.execv(line[0], line)  # noqa: S606 - a fixed command line


if __name__ == "__main__":
    main()
