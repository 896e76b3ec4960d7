"""`python -m bench.soak`: run a soak, print its table, save it; exit 1 when a must is missed.

`make soak` names the options as variables. Ctrl-C ends it with the table so far, and status 130.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bench.soak import chart
from bench.soak.kinds import all_kinds, small_kinds
from bench.soak.plan import Plan
from bench.soak.report import print_report, save_json
from bench.soak.samples import Index
from bench.soak.soak import Soak
from bench.soak.verdict import figures

_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run one; the exit status."""
    options = _parse(arguments)
    plan = Plan(
        hours=options.hours,
        minutes=options.minutes,
        indexes=tuple(options.index),
        seed=options.seed,
        is_small=options.small,
    )
    # SIGTERM, too; and SIGINT also where a shell has started this in the background, ignoring it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    console = Console()
    console.print("making the documents ...", highlight=False)
    try:
        kinds = (small_kinds if plan.is_small else all_kinds)(plan.seed)
    except KeyboardInterrupt:
        console.print("interrupted: nothing was begun yet")
        return _INTERRUPTED
    soak = Soak(plan, kinds, say=lambda line: console.print(line, highlight=False, soft_wrap=True))
    with tempfile.TemporaryDirectory(prefix="cis-soak-") as home:
        soak.run(Path(home))
    found = figures(soak.record)
    print_report(soak.record, found, console)
    save_json(soak.record, found, options.reports / "soak.json")
    chart.draw(soak.record, options.reports / "soak.svg")
    console.print(f"saved: {options.reports / 'soak.json'}, {options.reports / 'soak.svg'}", highlight=False)
    if soak.record.is_interrupted:
        return _INTERRUPTED
    return 1 if any(figure.met is False for figure in found) else 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--hours", type=_positive, default=1.0, help="hours of flow")
    parser.add_argument(
        "--minutes",
        type=_positive,
        default=3.0,
        help="minutes from one kill to the next, in the first half of a phase",
    )
    parser.add_argument("--index", nargs="+", type=Index, default=list(Index), help="indexes, in turn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="without the kinds that need LibreOffice")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="folder of the results")
    return parser.parse_args(arguments)


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
