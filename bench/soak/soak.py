"""The run: a phase for each index, in it generation after generation of one worker, each killed.

At the end of a phase a last worker empties the queue and is stopped.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.soak import kinds as flow_kinds
from bench.soak.accounting import Account, account
from bench.soak.flow import Flow, Queue
from bench.soak.generation import Place, RunningWorker, adopt_orphans
from bench.soak.log_tail import LogTail
from bench.soak.plan import Plan
from bench.soak.samples import Generation, Index
from bench.soak.waiting import pause
from tests.resilience.real.world import Servers, World, open_world
from tests.servers.build import built
from tests.servers.catalogue import DYNALITE, ELASTICMQ, OPENSEARCH
from tests.servers.kind import Kind
from tests.servers.running import running
from worker.embedded.worker_process import LogLine
from worker.errors import UnavailableError

_TICK_S = 0.25
_SAMPLE_S = 1.0
_PROGRESS_S = 60.0
_SETTLE_EVERY_S = 2.0
# On a busy machine a soak may take longer to reach its number of documents: by this share of its time, and so
# much beside.
_EXTENSION, _EXTENSION_S = 0.3, 900.0
_DRAIN_S = 900.0
# One that is killed before it has finished anything makes its files suspect, and in the end dead letters.
_FEWEST_DOCUMENTS = 20
_SETTINGS = {
    # Short, so that what a killed worker held is redelivered soon.
    "CIS_VISIBILITY_S": "15",
    "CIS_STOP_BUDGET_S": "60",
    "CIS_REPLAY_INTERVAL_S": "5",
    "CIS_PAGE_TIMEOUT_S": "60",
    "CIS_DOCUMENT_TIMEOUT_S": "60",
    # Each would be another start of LibreOffice: the older formats have enough of those.
    "CIS_OFFICE_THUMBNAILS": "false",
    # A network that is loaded for each tiny picture: seconds, in a process that ends with the document.
    "CIS_OCR_SECOND_PASS": "off",
    # So small that the bound of all files together is reached within an hour.
    "CIS_LOG_MAX_BYTES": str(1024**2),
    "CIS_LOG_LEVEL": "info",
}
LOG_BOUND_BYTES = 40 * 1024**2
"""What all log files together may take, with these settings (docs/observability.md)."""


@dataclass(kw_only=True, slots=True)
class Record:
    """What happened, as far as it got."""

    plan: Plan
    kinds: Sequence[flow_kinds.Kind]
    generations: list[Generation] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)
    """Those of which the text was there already, from a file of the same content."""
    _found: set[str] = field(default_factory=set)
    deletes: int = 0
    unchanged: int = 0
    states: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    accounts: dict[Index, Account] = field(default_factory=dict)
    undrained: list[str] = field(default_factory=list)
    seconds: float = 0.0
    is_interrupted: bool = False

    def on_line(self, line: LogLine) -> None:
        """Count what a worker logs."""
        if line.get("event") == "file_unchanged":
            self.unchanged += 1
        path = str(line.get("path", ""))
        kind = path.partition("/")[0]
        if line.get("event") == "extraction_found":
            # Its attempt may still be killed, or be overtaken by a newer version.
            self._found.add(path)
        if line.get("event") != "document_done":
            return
        self.copies[kind] += path in self._found
        self._found.discard(path)
        if line["state"] == "tombstoned":
            self.deletes += 1
            return
        self.done[kind] += 1
        self.states[str(line["state"])] += 1

    @property
    def documents(self) -> int:
        """Everything that was finished, deletes included."""
        return sum(generation.documents for generation in self.generations)


class Soak:
    """A soak; `run` fills the record, which is readable at any time. `say` prints a line."""

    def __init__(self, plan: Plan, kinds: Sequence[flow_kinds.Kind], *, say: Callable[[str], None]) -> None:
        self.record = Record(plan=plan, kinds=kinds)
        self._say = say
        self._began = 0.0
        self._next_sample_at = self._next_line_at = 0.0

    def run(self, home: Path) -> None:
        """Run all phases. KeyboardInterrupt ends it, with nothing left running."""
        adopt_orphans()
        self._began = time.monotonic()
        self._next_line_at = _PROGRESS_S
        try:
            with servers(self.record.plan.indexes) as urls:
                for number, index in enumerate(self.record.plan.indexes):
                    folder = home / index.value
                    folder.mkdir(parents=True)
                    with open_world(urls[index], folder) as world:
                        self._phase(world, folder, index, number)
        except KeyboardInterrupt:
            self.record.is_interrupted = True
        finally:
            self.record.seconds = time.monotonic() - self._began

    def _phase(self, world: World, folder: Path, index: Index, number: int) -> None:
        plan, record = self.record.plan, self.record
        place = Place(home=folder, environment={**world.environment, **_SETTINGS}, index=index)
        flow = Flow(
            s3=world.s3,
            queue=Queue(sqs=world.sqs, url=world.environment["CIS_QUEUE_URL"]),
            kinds=record.kinds,
            target=_share(plan.documents_a_kind, len(plan.indexes)) * (number + 1),
            random=Random(f"{plan.seed}/{index}"),
            done=record.done,
            operations=record.operations,
            started_at=number / (number + 1),
        )
        flow.start_from(record.done)
        tail, began = LogTail(place.logs), time.monotonic()
        while not self._is_over(flow, began):
            self._generation(
                RunningWorker(place, tail, self._next_generation(index), record.on_line), flow, began
            )
        self._drain(
            RunningWorker(place, tail, self._next_generation(index, is_drain=True), record.on_line), world
        )
        record.accounts[index] = account(world, flow)
        self._say(f"{index}: {record.accounts[index]}, {len(record.accounts[index].differences)} differences")

    def _generation(self, worker: RunningWorker, flow: Flow, phase_began: float) -> None:
        """Let one worker work, and kill it."""
        try:
            worker.start()
            number = worker.generation.number
            self._say(f"generation {number} ({worker.generation.index}): process {worker.process.pid}")
            now = time.monotonic()
            until = now + self.record.plan.generation_s(now - phase_began)
            while not self._is_over(flow, phase_began) and (
                time.monotonic() < until or worker.generation.documents < _FEWEST_DOCUMENTS
            ):
                flow.step(time.monotonic(), self._progress(phase_began))
                self._tick(worker)
            worker.kill()
        except (RuntimeError, TimeoutError, UnavailableError) as error:
            worker.generation.surprises.append(str(error))
        finally:
            worker.close()

    def _drain(self, worker: RunningWorker, world: World) -> None:
        """Let a last worker finish everything, and stop it."""
        deadline, next_check_at = time.monotonic() + _DRAIN_S, 0.0
        try:
            worker.start()
            while time.monotonic() < deadline:
                self._tick(worker)
                if time.monotonic() >= next_check_at:
                    if world.is_settled():
                        break
                    next_check_at = time.monotonic() + _SETTLE_EVERY_S
            else:
                self.record.undrained.append(
                    f"{worker.generation.index}: the queue was not empty after {_DRAIN_S:.0f} s"
                )
            worker.stop()
        except (RuntimeError, TimeoutError, UnavailableError) as error:
            worker.generation.surprises.append(str(error))
        finally:
            worker.close()

    def _tick(self, worker: RunningWorker) -> None:
        worker.poll()
        at_s = time.monotonic() - self._began
        if at_s >= self._next_sample_at:
            worker.sample(at_s)
            self._next_sample_at = at_s + _SAMPLE_S
        if at_s >= self._next_line_at:
            self._say(self._progress_line(worker.generation, at_s))
            self._next_line_at = at_s + _PROGRESS_S
        pause(_TICK_S)

    def _progress(self, phase_began: float) -> float:
        return (time.monotonic() - phase_began) / self.record.plan.phase_s

    def _is_over(self, flow: Flow, phase_began: float) -> bool:
        """Whether the time of a phase has passed and its documents are finished."""
        plan, passed_s = self.record.plan, time.monotonic() - phase_began
        longest_s = plan.phase_s * (1 + _EXTENSION) + _EXTENSION_S
        return passed_s >= plan.phase_s and (flow.is_complete or passed_s >= longest_s)

    def _next_generation(self, index: Index, *, is_drain: bool = False) -> Generation:
        generation = Generation(number=len(self.record.generations) + 1, index=index, is_drain=is_drain)
        self.record.generations.append(generation)
        return generation

    def _progress_line(self, generation: Generation, at_s: float) -> str:
        done = [self.record.done[kind.name] for kind in self.record.kinds]
        last = generation.samples[-1] if generation.samples else None
        memory = f"{last.worker_bytes / 1e6:.1f} MB, {last.threads} threads" if last else "no sample yet"
        return (
            f"{at_s / 60:5.1f} min  generation {generation.number} ({generation.index}): "
            f"{generation.documents} documents, worker {memory}; "
            f"{self.record.documents} in all, {min(done)} of the rarest kind"
        )


@contextmanager
def servers(indexes: Sequence[Index]) -> Iterator[dict[Index, Servers]]:
    """ElasticMQ, dynalite and, where it is asked for, OpenSearch, for the phase of each index."""
    with ExitStack() as ending:

        def url_of(kind: Kind) -> str:
            # As in the tests: a server that a variable names is used.
            return os.environ.get(kind.variable) or ending.enter_context(running(kind, built(kind))).url

        sqs, dynamodb = url_of(ELASTICMQ), url_of(DYNALITE)
        opensearch = url_of(OPENSEARCH) if Index.OPENSEARCH in indexes else None
        yield {
            Index.OPENSEARCH: Servers(sqs=sqs, dynamodb=dynamodb, opensearch=opensearch),
            Index.SQLITE: Servers(sqs=sqs, dynamodb=dynamodb),
        }


def _share(documents: int, phases: int) -> int:
    return -(-documents // phases)
