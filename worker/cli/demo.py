"""The command `demo`: the whole system on this machine, interrupted, replaced and judged."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.printing import print_json
from worker.errors import MisconfiguredError
from worker.runtime import log


def demo(
    home: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for samples, index and page; an earlier demo's is emptied."),
    ] = Path("demo-home"),
    keep: Annotated[bool, typer.Option(help="Keep samples, index and logs, not only the page.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; progress goes to standard error.")
    ] = False,
) -> None:
    """Show the whole system at work: a worker interrupted in mid-scan, and its replacement.

    Needs no AWS account and takes about a minute. The last line is the path of a page (HTML) that
    shows what was read, what was found, and the proof that nothing was lost or done twice.

    Exit status: 0 when all of it is true, 1 when a check failed (it is named), 2 when it could not run.

    Example: `cis-worker demo --home demo-home`
    """
    # Without this a SIGTERM would leave the workers behind.
    signal.signal(signal.SIGTERM, _interrupt)
    log.configure("error", stream=sys.stderr)
    try:
        # A worker in production has neither moto nor what draws the samples, and needs neither.
        from worker.cli import demo_display as display  # noqa: PLC0415
        from worker.demo.demo_run import run_demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MisconfiguredError(
            f"the demo needs the Python package {error.name}, which is not installed; "
            "run pip install 'cis-worker[local]'"
        ) from error
    console = display.demo_console(stderr=as_json)
    display.print_plan(console, home)
    with display.showing(console) as show:
        result = run_demo(home, keep=keep, show=show)
    if as_json:
        print_json(display.as_dict(result))
    else:
        display.print_result(console, result, kept=keep)
    raise typer.Exit(0 if result.passed else 1)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
