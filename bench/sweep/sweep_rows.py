"""The row `reconcile`: a bucket of many objects, some of which differ, compared, fixed and compared again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bench.figure import Figure
from bench.sweep.deployment import Deployment, Ended, open_deployment
from bench.sweep.plan import SOURCE, expected_findings

_COUNT, _BROKEN = 100_000, 500
_MOST_CPU_S, _MOST_MB = 60.0, 200.0


def reconcile(home: Path, *, count: int = _COUNT, broken: int = _BROKEN) -> list[Figure]:
    """Find, kill midway, go on, fix, and find nothing any more."""
    with open_deployment(home, count=count, broken=broken) as deployment:
        found = deployment.run("reconcile", f"s3://{SOURCE}/営業/")
        figures = [_exactness("found", found, count, broken), *_cost(found)]
        figures.append(_go_on(deployment, count, broken))
        deployment.work()
        again = deployment.run("reconcile", f"s3://{SOURCE}/営業/")
    return [
        *figures,
        Figure(
            what="differences in a second run, once a worker emptied the queue",
            figure=f"{again.values['total']} {again.values['findings']}",
            must="0",
            met=again.values["total"] == 0,
        ),
    ]


def _exactness(what: str, ended: Ended, count: int, broken: int) -> Figure:
    expected = expected_findings(count, broken)
    listed = {each["key"]: each["finding"] for each in ended.values["files"]}
    counts = dict(sorted(Counter(listed.values()).items()))
    return Figure(
        what=f"{what}: {broken} differences of five kinds among {count:,} objects",
        figure=f"{ended.values['total']} {counts}",
        must="exactly those",
        met=listed == expected and ended.values["total"] == broken,
    )


def _cost(ended: Ended) -> list[Figure]:
    name = f"reconcile of {ended.values['objects']:,} objects, without --fix"
    # The limits are those of the full size; a smaller one pays for the imports, too.
    return [
        Figure(
            what=f"{name}: CPU of the command (wall {ended.wall_s:.0f} s)",
            figure=f"{ended.cpu_s:.1f} s",
            must=f"< {_MOST_CPU_S:.0f} s",
            met=ended.cpu_s < _MOST_CPU_S,
        ),
        Figure(
            what=f"{name}: peak memory",
            figure=f"{ended.rss_mb:.0f} MB",
            must=f"< {_MOST_MB:.0f} MB",
            met=ended.rss_mb < _MOST_MB,
        ),
    ]


def _go_on(deployment: Deployment, count: int, broken: int) -> Figure:
    """Kill a run with --fix in the middle; the next one lists only what comes after its position."""
    location = f"s3://{SOURCE}/営業/"
    # Slow enough to be killed on the way.
    position = deployment.kill_midway("reconcile", location, "--fix", "--rate", "50")
    deployment.listings()
    ended = deployment.run("reconcile", location, "--fix")
    first = deployment.listings()[0]
    is_resumed = ended.values["resumed_after"] == position and "start-after=" in first
    exact = _exactness("killed with --fix, and gone on", ended, count, broken)
    return Figure(
        what=f"{exact.what}; listed from {position!r} on",
        figure=f"{exact.figure}, {ended.values['queued']} queued",
        must="exactly those, not begun anew",
        met=bool(exact.met) and is_resumed and ended.values["queued"] == broken,
    )
