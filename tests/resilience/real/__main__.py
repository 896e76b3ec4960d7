"""The runs at full size, or any other, on servers of their own: `python -m tests.resilience.real RUN...`.

Exit status 1 when a promise did not hold. `make chaos-real` names the sizes as variables.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.resilience.real import chaos, interrupted_scan, notice_time, outages, shutdowns
from tests.resilience.real.chaos import ChaosSize
from tests.resilience.real.fault_answers import Service
from tests.resilience.real.interrupted_scan import ScanSize
from tests.resilience.real.notice_time import NoticeSize
from tests.resilience.real.outages import OutageSize
from tests.resilience.real.proxy import Fault
from tests.resilience.real.report import Report
from tests.resilience.real.shutdowns import ShutdownSize
from tests.resilience.real.world import Servers, World, open_world
from tests.servers.build import built
from tests.servers.catalogue import DYNALITE, ELASTICMQ, OPENSEARCH
from tests.servers.kind import Kind, ServerError
from tests.servers.running import running

_KINDS = {"403": Fault.REFUSE, "500": Fault.FAIL, "nothing": Fault.HANG}
Run = Callable[[World], Report]


def main(arguments: list[str]) -> int:
    """Run what is named, one world each, and print each result; the exit status."""
    options = _parse(arguments)
    broken = 0
    with tempfile.TemporaryDirectory(prefix="cis-chaos-") as folder, _servers(options.index) as servers:
        for name, run in _runs(options).items():
            home = Path(folder) / name
            home.mkdir()
            began = time.monotonic()
            with open_world(servers, home) as world:
                report = run(world)
            broken += len(report.broken)
            _say(f"  {report.verdict}, {time.monotonic() - began:.0f} s\n")
    return 1 if broken else 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.resilience.real")
    parser.add_argument(
        "runs", nargs="*", default=[], help="chaos shutdowns notices notice120 kills outages (none: all)"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--index", choices=("opensearch", "sqlite"), default="opensearch")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--shutdowns", type=int, default=50)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--interruptions", type=int, default=5)
    parser.add_argument("--scan-pages", type=int, default=200)
    parser.add_argument("--notice-s", type=float, default=120.0)
    parser.add_argument("--outage-s", type=float, default=60.0)
    parser.add_argument("--outage-documents", type=int, default=200)
    parser.add_argument("--services", nargs="*", type=Service, default=list(Service))
    parser.add_argument("--kinds", nargs="*", choices=sorted(_KINDS), default=list(_KINDS))
    return parser.parse_args(arguments)


def _runs(options: argparse.Namespace) -> Mapping[str, Run]:
    seed = options.seed
    chaos_size = ChaosSize(documents=options.documents, faults=options.faults, workers=options.workers)
    shutdown_size = ShutdownSize(shutdowns=options.shutdowns)
    scan_size = ScanSize(pages=options.pages, interruptions=options.interruptions)
    notice_size = NoticeSize(pages=options.scan_pages, notice_s=options.notice_s)
    outage_size = OutageSize(
        documents=options.outage_documents,
        outage_s=options.outage_s,
        hang_s=options.outage_s,
        gap_s=options.outage_s / 4,
        services=tuple(options.services),
        kinds=tuple(_KINDS[kind] for kind in options.kinds),
    )
    every: dict[str, Run] = {
        "chaos": lambda world: chaos.run(world, chaos_size, seed=seed, say=_say),
        "shutdowns": lambda world: shutdowns.run(world, shutdown_size, seed=seed, say=_say),
        "notices": lambda world: interrupted_scan.run_notices(world, scan_size, seed=seed, say=_say),
        "notice120": lambda world: notice_time.run(world, notice_size, seed=seed, say=_say),
        "kills": lambda world: interrupted_scan.run_kills(world, scan_size, seed=seed, say=_say),
        "outages": lambda world: outages.run(world, outage_size, seed=seed, say=_say),
    }
    if unknown := set(options.runs) - every.keys():
        sys.exit(f"no such run: {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    return {name: run for name, run in every.items() if not options.runs or name in options.runs}


@contextmanager
def _servers(index: str) -> Iterator[Servers]:
    """ElasticMQ, dynalite, and OpenSearch where this machine has it."""
    with ExitStack() as ending:

        def start(kind: Kind) -> str:
            return ending.enter_context(running(kind, built(kind))).url

        opensearch = None
        try:
            opensearch = start(OPENSEARCH) if index == "opensearch" else None
        except ServerError as error:
            _say(f"without OpenSearch, on the SQLite index: {error}")
        yield Servers(sqs=start(ELASTICMQ), dynamodb=start(DYNALITE), opensearch=opensearch)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
