"""One run of the tests: what must be there before, pytest's arguments, and what is checked afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from scripts.suite import containers, coverage_floors, live_servers
from scripts.suite.modules import ModuleTests
from scripts.suite.options import Mode, Options
from scripts.suite.place import FAILED, HTML_COVERAGE, JUNIT, PASSED, ROOT, RefusedError, say

_NO_TESTS = 5
"""pytest's status when nothing was selected."""
# In the order of the folders: the long modules, which have few tests, would otherwise be left for the end.
PARALLEL = ("-n", "logical", "--dist", "loadscope", "--no-loadscope-reorder")


def pytest_arguments(options: Options, modules: ModuleTests) -> list[str]:
    """The arguments of pytest, the same in every mode."""
    arguments = [*PARALLEL, f"--junit-xml={JUNIT}"]
    if options.select:
        arguments += ["-m", options.select]
    if options.pattern:
        arguments += ["-k", options.pattern]
    if options.is_failfast:
        arguments.append("--exitfirst")
    if options.is_verbose:
        arguments.append("--verbose")
    if options.has_coverage:
        arguments += coverage_arguments(options)
    places = [place for name in options.modules for place in modules.places(name)]
    return [*arguments, *options.extra, *dict.fromkeys(places)]


def coverage_arguments(options: Options) -> list[str]:
    """What is measured (the modules asked for, or the worker), and the reports of it."""
    arguments = [f"--cov={_source(name)}" for name in options.modules] or ["--cov"]
    if not any(one.startswith("--cov-report") for one in options.extra):
        arguments.append(
            "--cov-report=term-missing:skip-covered" if options.modules else "--cov-report=term:skip-covered"
        )
    return [*arguments, f"--cov-report=html:{HTML_COVERAGE}"]


def _source(name: str) -> str:
    dotted = name.strip("/").removesuffix(".py").replace("/", ".").removeprefix("worker.")
    folder = Path("worker", *dotted.split("."))
    return folder.as_posix() if (ROOT / folder).is_dir() else f"worker.{dotted}"


def run(options: Options) -> int:
    """Run the tests as asked; returns the exit status. Raises RefusedError."""
    arguments = pytest_arguments(options, ModuleTests())
    match options.mode:
        case Mode.CONTAINER:
            return _nothing_matches(options, _run_in_containers(options, arguments))
        case Mode.INTEGRATION:
            servers = live_servers.find(os.environ)
            live_servers.check(servers)
            say(servers.line)
            environment = servers.environment
        case Mode.LOCAL:
            environment = {}
    _set_up(options)
    began = time.time()
    status = _call([str(ROOT / ".venv/bin/pytest"), *arguments], environment, options)
    if options.has_coverage and options.is_whole_suite and status in (PASSED, FAILED):
        return max(status, _check_floors(began))
    return _nothing_matches(options, status)


def _check_floors(began: float) -> int:
    data = Path(os.environ.get("COVERAGE_FILE", ROOT / ".coverage"))
    if not data.is_file() or data.stat().st_mtime < began:
        say("coverage floors: this run has left no data to check them on")
        return FAILED
    return coverage_floors.check(data)


def _set_up(options: Options) -> None:
    """As `make setup` or `make servers`: quick where nothing is missing."""
    needs_servers = options.mode is Mode.LOCAL and "unit" not in options.select.split()
    command = ["bash", "scripts/setup.sh", *(["servers"] if needs_servers else [])]
    if _call(command, {}, options) != PASSED:
        raise RefusedError("the set-up failed; what it printed says why.")


def _run_in_containers(options: Options, arguments: Sequence[str]) -> int:
    containers.check_docker()
    environment = containers.environment()
    try:
        return _call(containers.test_command(arguments), environment, options)
    finally:
        _call(containers.down_command(), environment, options)


def _nothing_matches(options: Options, status: int) -> int:
    if status != _NO_TESTS:
        return status
    asked = {"module": ", ".join(options.modules), "pattern": options.pattern, "select": options.select}
    words = " and ".join(f"--{name} {value!r}" for name, value in asked.items() if value)
    raise RefusedError(f"no test matches {words or 'what was asked for'}.")


def _call(command: Sequence[str], environment: Mapping[str, str], options: Options) -> int:
    """Run a command in the project's folder. A signal that ends us ends it, too, and is waited for."""
    if options.is_verbose:
        say(f"+ {' '.join([*(f'{name}={value}' for name, value in environment.items()), *command])}")
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    # A terminal sends Ctrl-C to both; a second one would cut pytest's report short.
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], None] | signal.Handlers] = {
        signal.SIGTERM: pass_on,
        signal.SIGINT: signal.SIG_IGN if sys.stdin.isatty() else pass_on,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
