"""The rules of a fleet's worst days, for hypothesis to put in any order; then all promises must hold."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.resilience.faults import Fault, Kind
from tests.resilience.fleet import WORK_URL, SimulatedWorker, Simulation
from tests.resilience.invariants import assert_promises
from tests.resilience.strict_sqs import Habits
from tests.resilience.weather import SERVICES, Weather, Window
from tests.resilience.world import World

_MEMORY = Path("/dev/shm")
_MAX_WORKERS = 3
# What a sender does wrong may end in the dead-letter queue; nothing that happens to the fleet may.
_DEAD_LETTERS = frozenset({"malformed_message", "source_not_allowed"})
_WRONG_BODIES = ("no JSON", "{}", '{"eventType": "FILE_UPLOADED", "s3Bucket": "foreign", "s3Key": "x"}')

KEYS = st.sampled_from(["a", "b", "c", "日本 語+%2B.pdf", "d/e"])
WORKERS = st.integers(min_value=0, max_value=_MAX_WORKERS - 1)
SECONDS = st.sampled_from([1, 5, 20, 60, 150, 400])
CALLS = st.sampled_from(
    [
        "sqs.ReceiveMessage",
        "sqs.SendMessage",
        "sqs.SendMessageBatch",
        "sqs.DeleteMessageBatch",
        "sqs.ChangeMessageVisibility",
        "sqs.ChangeMessageVisibilityBatch",
        "dynamodb.GetItem",
        "dynamodb.Claim",
        "dynamodb.Checkpoint",
        "dynamodb.Commit",
        "dynamodb.UpdateItem",
        "s3.HeadObject",
        "s3.GetObject",
        "s3.PutObject",
        "s3.DeleteObjects",
        "bedrock-runtime.InvokeModel",
        "index.Write",
        "index.Tombstone",
    ]
)
WRITES = st.sampled_from(
    ["dynamodb.Claim", "dynamodb.Commit", "index.Write", "s3.PutObject", "s3.HeadObject", "s3.GetObject"]
)
SHARES = st.sampled_from([1.0, 0.5, 0.2])
ANY_SERVICE = st.sampled_from([None, *SERVICES])
SCRIPTS = st.sampled_from(
    [
        {"pages": 2},
        {"pages": 3, "ocr": [2, 3], "ocr_s": 5},
        {"pages": 6, "ocr": [1, 2, 3, 4, 5, 6], "ocr_s": 25},
        {"fails": "encrypted"},
        {"pages": 3, "ocr": [1, 2, 3], "kills": 2},
    ]
)


class FleetMachine(RuleBasedStateMachine):
    """One simulation; `simulation` is set by the test."""

    simulation: Simulation

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.exists() else None)
        self._world: World | None = None
        self._count = 0

    @initialize(
        seed=st.integers(min_value=0, max_value=2**32),
        twice=st.sampled_from([0.0, 0.1]),
        after_delete=st.sampled_from([0.0, 0.1]),
        silent=st.booleans(),
        workers=st.integers(min_value=1, max_value=_MAX_WORKERS),
    )
    def begin(self, seed: int, twice: float, after_delete: float, silent: bool, workers: int) -> None:
        note(f"world seed {seed}")
        habits = Habits(twice=twice, after_delete=after_delete, stale_is_silent=silent)
        self._world = World(self.simulation, Path(self._folder.name), seed, habits).__enter__()
        self._weather = Weather(self._world.random)
        self._world.faults = self._weather
        for _ in range(workers):
            self._world.fleet.start()

    @property
    def world(self) -> World:
        assert self._world is not None
        return self._world

    @rule(key=KEYS, script=SCRIPTS)
    def put(self, key: str, script: dict[str, object]) -> None:
        """Put an object, or overwrite one."""
        self._count += 1
        self.world.put(key, text=f"text {self._count}", **script)

    @rule(key=KEYS)
    def put_empty(self, key: str) -> None:
        self.world.put_bytes(key, b"")

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        if key in self.world.keys:
            self.world.delete(key)

    @rule(old=KEYS, new=KEYS)
    def move(self, old: str, new: str) -> None:
        if old != new and self.world.has_object(old):
            self.world.move(old, new)

    @rule(key=KEYS, removed=st.booleans())
    def duplicate(self, key: str, removed: bool) -> None:
        """Announce once more, or wrongly: an event only says where something may have changed."""
        if key in self.world.keys:
            self.world.announce(key, removed=removed)

    @rule(body=st.sampled_from(_WRONG_BODIES))
    def send_wrong_body(self, body: str) -> None:
        self.world.sqs.send(WORK_URL, body)

    @rule(seconds=SECONDS)
    def delay(self, seconds: int) -> None:
        self.world.run(seconds)

    @precondition(lambda self: self._world is not None and len(self.world.fleet.running) < _MAX_WORKERS)
    @rule()
    def start(self) -> None:
        self.world.fleet.start()

    @rule(number=WORKERS)
    def notice(self, number: int) -> None:
        if (one := self._running(number)) is not None:
            one.notice_at = self.world.scheduler.now + 120
            self.world.run(1)

    @rule(number=WORKERS)
    def rebalance(self, number: int) -> None:
        if (one := self._running(number)) is not None:
            one.is_rebalance_recommended = True

    @rule(number=WORKERS)
    def kill(self, number: int) -> None:
        if (one := self._running(number)) is not None:
            self.world.scheduler.kill(one.process)

    @rule(number=WORKERS, twice=st.booleans())
    def sigterm(self, number: int, twice: bool) -> None:
        if (one := self._running(number)) is not None:
            one.signal()
            if twice:
                self.world.run(5)
                one.signal()

    @rule(number=WORKERS, seconds=SECONDS)
    def pause(self, number: int, seconds: int) -> None:
        """Let a worker stand still, also past its leases."""
        if (one := self._running(number)) is not None:
            self.world.scheduler.pause(one.process, seconds)

    @rule(service=ANY_SERVICE, share=SHARES, seconds=SECONDS)
    def throttle(self, service: str | None, share: float, seconds: int) -> None:
        self._open(service, Fault(kind=Kind.STATUS, status=429), share, seconds)

    @rule(service=ANY_SERVICE, share=SHARES, seconds=SECONDS, status=st.sampled_from([500, 503]))
    def outage(self, service: str | None, share: float, seconds: int, status: int) -> None:
        self._open(service, Fault(kind=Kind.STATUS, status=status), share, seconds)

    @rule(service=ANY_SERVICE, seconds=SECONDS)
    def forbid(self, service: str | None, seconds: int) -> None:
        """Refuse all calls: where S3 refuses some, it may be the files, which are then dead-lettered."""
        self._open(service, Fault(kind=Kind.STATUS, status=403), 1.0, seconds)

    @rule(service=ANY_SERVICE, share=SHARES, seconds=SECONDS)
    def lose_requests(self, service: str | None, share: float, seconds: int) -> None:
        self._open(service, Fault(kind=Kind.DROP_REQUEST), share, seconds)

    @rule(service=ANY_SERVICE, share=SHARES, seconds=SECONDS)
    def lose_answers(self, service: str | None, share: float, seconds: int) -> None:
        self._open(service, Fault(kind=Kind.DROP_ANSWER), share, seconds)

    @rule(service=ANY_SERVICE, share=SHARES, seconds=SECONDS, late_s=st.sampled_from([2.0, 30.0]))
    def slow_down(self, service: str | None, share: float, seconds: int, late_s: float) -> None:
        self._open(service, Fault(kind=Kind.DELAY, delay_s=late_s), share, seconds)

    @rule(share=SHARES, seconds=SECONDS)
    def fail_entries(self, share: float, seconds: int) -> None:
        self._open("sqs", Fault(kind=Kind.FAIL_ENTRIES), share, seconds)

    @rule(call=CALLS, stall_s=st.sampled_from([30.0, 130.0, 400.0]), after=st.booleans())
    def stall(self, call: str, stall_s: float, after: bool) -> None:
        """Let the next worker that makes this call stand still with it, for longer than its lease."""
        kind = Kind.STALL_AFTER if after else Kind.STALL_BEFORE
        self._weather.once[call] = Fault(kind=kind, delay_s=stall_s)

    @rule(key=KEYS, script=SCRIPTS, call=WRITES, after=st.booleans(), second=st.booleans())
    def overtake(self, key: str, script: dict[str, object], call: str, after: bool, second: bool) -> None:
        """Let a worker stand still with a write, while its file changes and another worker reads it."""
        self.put(key, script)
        self.stall(call, 200.0, after)
        self.world.run(60)
        if second and len(self.world.fleet.running) < _MAX_WORKERS:
            self.world.fleet.start()
        self.put(key, {"pages": 1})
        self.world.run(250)

    @rule(call=CALLS, kind=st.sampled_from([Kind.DIE_BEFORE, Kind.DIE_AFTER, Kind.DROP_ANSWER]))
    def break_next(self, call: str, kind: Kind) -> None:
        """Let the next worker that makes this call die with it, or lose its answer."""
        self._weather.once[call] = Fault(kind=kind)

    @precondition(lambda self: self._world is not None and self._world.dead.messages)
    @rule()
    def redrive(self) -> None:
        self.world.sqs.redrive(self.world.dead, self.world.work)

    def teardown(self) -> None:
        world = self._world
        try:
            if world is not None:
                world.drain()
                assert_promises(world, dead_letters=_DEAD_LETTERS)
        finally:
            if world is not None:
                world.__exit__()
            self._folder.cleanup()

    def _open(self, service: str | None, fault: Fault, share: float, seconds: int) -> None:
        until = self.world.scheduler.now + seconds
        self._weather.windows.append(Window(until=until, service=service, fault=fault, share=share))

    def _running(self, number: int) -> SimulatedWorker | None:
        running = self.world.fleet.running
        return running[number % len(running)] if running else None
