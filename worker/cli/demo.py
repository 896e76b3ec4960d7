"""The command `demo`: the whole system on this machine, interrupted, replaced and checked."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.printing import print_json
from worker.errors import MisconfiguredError


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
    """Run the whole system: a worker is interrupted in the middle of a scan, and replaced.

    Needs no AWS account and takes about a minute. The last line is the path of a page (HTML) that
    shows the extracted text, the searches, and the proof that nothing was lost or done twice.

    Exit status: 0 when every check passed, 1 when one failed (it is named), 2 when it could not run.

    Example: `cis-worker demo --home demo-home`
    """
    from worker.runtime import log

    # Without this a SIGTERM would leave the workers behind.
    signal.signal(signal.SIGTERM, _interrupt)
    log.configure("error", stream=sys.stderr)
    try:
        # A worker in production has neither moto nor ReportLab installed.
        from worker.cli import demo_display as display
        from worker.demo.demo_run import run_demo
    except ModuleNotFoundError as error:
        raise MisconfiguredError(
            f"the demo needs the Python package {error.name}, which is not installed; "
            "run pip install 'cis-worker[local]'"
        ) from error
    console = display.demo_console(stderr=as_json)
    display.print_plan(console, home)
    with display.progress_display(console) as show:
        result = run_demo(home, keep=keep, show=show)
    if as_json:
        print_json(display.as_dict(result))
    else:
        display.print_result(console, result, keep=keep)
    raise typer.Exit(0 if result.has_passed else 1)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
