"""The drill: fill a deployment, break it, run each command, and check the state afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from bench.operator_drill.breakages import BREAKAGES, Breakage
from bench.operator_drill.deployment import Deployment, last_line, picture
from worker.embedded.stack import EmbeddedStack


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One way of breaking, its command, what that said, and how many documents are right afterwards."""

    what: str
    command: str
    said: str
    status: int
    fixed: int
    broken: int
    expected: str

    @property
    def is_passed(self) -> bool:
        """Whether the command did all of it."""
        return self.status == 0 and self.fixed == self.broken


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All steps, the status before and after, and how many healthy documents were touched."""

    steps: tuple[Step, ...]
    before: str
    after: str
    changed: int

    @property
    def is_passed(self) -> bool:
        """Whether everything broken is right, and nothing else was touched."""
        return all(step.is_passed for step in self.steps) and not self.changed


def run_drill(*, documents: int, broken: int, say: Callable[[str], None] = lambda _: None) -> Report:
    """Fill a deployment with so many documents, break `broken` of them in ten ways, and get them back."""
    each = broken // len(BREAKAGES)
    with EmbeddedStack() as stack:
        deployment = Deployment(stack=stack)
        keys = {way.name: [f"{way.name}/{number}.{way.kind}" for number in range(each)] for way in BREAKAGES}
        healthy = [f"healthy/{number}.txt" for number in range(documents - each * len(BREAKAGES))]
        say(f"indexing {documents} documents")
        _fill(deployment, [*healthy, *(key for some in keys.values() for key in some)])
        fences = {key: deployment.row(key).fence for key in healthy}
        for way in BREAKAGES:
            say(f"breaking {each}: {way.what}")
            for key in keys[way.name]:
                way.breaks(deployment, key)
        before = _status(deployment)
        with closing(stack.start_worker()) as worker:
            worker.wait_until_ready(300)
            deployment.wait_until_idle()
            steps = tuple(_step(deployment, way, keys[way.name], say) for way in BREAKAGES)
            worker.stop()
        changed = sum(deployment.row(key).fence != fence for key, fence in fences.items())
        return Report(steps=steps, before=before, after=_status(deployment), changed=changed)


def _fill(deployment: Deployment, keys: list[str]) -> None:
    with closing(deployment.stack.start_worker("first")) as worker:
        worker.wait_until_ready(300)
        for number, key in enumerate(keys):
            deployment.put(key, picture(number) if key.endswith("png") else f"text of {key}".encode())
        deployment.wait_until_idle()
        worker.stop()


def _step(deployment: Deployment, way: Breakage, keys: list[str], say: Callable[[str], None]) -> Step:
    command = " ".join(("cis-worker", *way.command))
    say(command)
    status, output, messages = deployment.command(*way.command)
    deployment.wait_until_idle()
    fixed = sum(way.is_fixed(deployment, key) for key in keys)
    return Step(
        what=way.what,
        command=command,
        said=last_line(output) or last_line(messages),
        status=status,
        fixed=fixed,
        broken=len(keys),
        expected=way.expected,
    )


def _status(deployment: Deployment) -> str:
    """The states, the failures and the dead letters, in one line."""
    _, output, _ = deployment.command("status", "--failures", "--json")
    found = json.loads(output)
    states = {state: count for state, count in found["ledger"]["states"].items() if count}
    failures = {f"{each['state']} {each['reason']}": each["files"] for each in found["failure_counts"]}
    return f"{states}, failures {failures}, dead letters {found['dead_letters']['visible']}"
