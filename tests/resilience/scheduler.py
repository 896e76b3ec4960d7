"""One scheduler for the threads of a simulated fleet: one runs at a time, and time passes when all wait.

A thread gives the turn up where it waits, sleeps or talks to a service, and nowhere else; who is next is
drawn from a seeded generator. The same seed therefore repeats the same run.
"""

from __future__ import annotations

import faulthandler
import heapq
import threading
import traceback
from collections.abc import Callable
from random import Random

from tests.resilience.clock import Signal

_MAX_REAL_S = 120.0


class Killed(BaseException):
    """The process of this thread is dead; no `except Exception` may stop it."""


class Deadlock(AssertionError):
    """Nobody can ever run again."""


class Process:
    """The threads that live and die together, and stand still together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tasks: list[Task] = []
        self.killed = False
        self.paused_until = 0.0
        self.deferred: list[tuple[Task, int]] = []

    @property
    def ended(self) -> bool:
        """Whether none of its threads is left."""
        return all(task.ended for task in self.tasks)


class Task:
    """One thread, which runs while it has the turn."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.process = process
        self.turn = threading.Lock()
        self.turn.acquire()
        self.wait_number = 0
        self.signalled = False
        self.ended = False
        self.end = Signal()

    def __str__(self) -> str:
        return f"{self.process.name}/{self.name}"


class Scheduler:
    """Gives the turn, and keeps the time. The thread that makes it is the first to have the turn."""

    def __init__(self, random: Random, *, now: float) -> None:
        self.now = now
        self.random = random
        self.errors: list[str] = []
        self.switches = 0
        self.slow_s = (1.0, 3.0)
        self._runnable: list[Task] = []
        self._timers: list[tuple[float, int, Task, int]] = []
        self._timer_number = 0
        self._main = Task("main", Process("test"))
        self._main.process.tasks.append(self._main)
        self.current = self._main
        self._processes: list[Process] = [self._main.process]
        self._stuck = False

    def process(self, name: str) -> Process:
        """A new process without threads."""
        process = Process(name)
        self._processes.append(process)
        return process

    def spawn(self, name: str, function: Callable[[], object], process: Process) -> Task:
        """Start a thread; it runs when it is its turn."""
        task = Task(name, process)
        process.tasks.append(task)
        threading.Thread(target=self._run, args=(task, function), name=str(task), daemon=True).start()
        self._runnable.append(task)
        return task

    def wait(self, signal: Signal | None, timeout_s: float | None) -> bool:
        """Give the turn up until the signal (True) or for so long (False). Raises Killed."""
        me = self.current
        self.check_alive()
        me.wait_number += 1
        me.signalled = False
        if signal is not None:
            signal.waiters.append((me, me.wait_number))
        if timeout_s is not None:
            self._set_timer(me, self.now + max(0.0, timeout_s))
        self._give_turn(me)
        self.check_alive()
        return me.signalled

    def elapse(self, seconds: float) -> None:
        """Let so much time pass."""
        self.wait(None, seconds)

    def notify(self, signal: Signal) -> None:
        """Wake all that wait for the signal."""
        waiters, signal.waiters = signal.waiters, []
        for task, number in waiters:
            if isinstance(task, Task) and task.wait_number == number:
                task.signalled = True
                self._wake(task)

    def check_alive(self) -> None:
        """Raise Killed in a thread of a dead process."""
        if self.current.process.killed:
            raise Killed(self.current.process.name)

    def kill(self, process: Process) -> None:
        """End a process as `kill -9` does: its threads run no further than their next wait or call."""
        process.killed = True
        for task in process.tasks:
            if not task.ended and task is not self.current and task not in self._runnable:
                self._wake(task)

    def pause(self, process: Process, seconds: float) -> None:
        """Let a process stand still, as SIGSTOP does."""
        process.paused_until = self.now + seconds

    def resume(self, process: Process) -> None:
        """End a pause, as SIGCONT does."""
        process.paused_until = 0.0
        deferred, process.deferred = process.deferred, []
        for task, number in deferred:
            if task.wait_number == number:
                self._wake(task)

    def close(self) -> None:
        """End every thread but this one."""
        for process in self._processes[1:]:
            self.kill(process)
        while any(not process.ended for process in self._processes[1:]):
            self.elapse(0.0)

    def _run(self, task: Task, function: Callable[[], object]) -> None:
        task.turn.acquire()
        try:
            if not task.process.killed:
                function()
        except Killed:
            pass
        except BaseException:  # noqa: BLE001  (thread top: the test must see it)
            self.errors.append(f"{task}: {traceback.format_exc()}")
        task.ended = True
        self.notify(task.end)
        self._pass_turn()

    def _wake(self, task: Task) -> None:
        # The number makes its timers, and its places at other signals, void.
        task.wait_number += 1
        self._runnable.append(task)

    def _set_timer(self, task: Task, at: float) -> None:
        self._timer_number += 1
        heapq.heappush(self._timers, (at, self._timer_number, task, task.wait_number))

    def _give_turn(self, me: Task) -> None:
        following = self._next()
        if following is me:
            self._check_progress()
            return
        self.switches += 1
        self.current = following
        following.turn.release()
        if me is self._main:
            self._acquire_watched()
        else:
            me.turn.acquire()
        self._check_progress()

    def _acquire_watched(self) -> None:
        """Wait for the turn; a thread that keeps it for minutes waits for something real."""
        seen = -1
        while not self._main.turn.acquire(timeout=_MAX_REAL_S):
            if seen == self.switches:
                faulthandler.dump_traceback(2)
                raise Deadlock(f"{self.current} does not give the turn up: it waits for something real")
            seen = self.switches

    def _check_progress(self) -> None:
        if self.current is self._main and self._stuck:
            self._stuck = False
            raise Deadlock("all threads wait, and no time will end it")

    def _pass_turn(self) -> None:
        following = self._next()
        self.switches += 1
        self.current = following
        following.turn.release()

    def _next(self) -> Task:
        while True:
            while not self._runnable:
                if not self._advance():
                    self._stuck = True
                    return self._main
            runnable = self._runnable
            index = int(self.random.random() * len(runnable))
            runnable[index], runnable[-1] = runnable[-1], runnable[index]
            task = runnable.pop()
            process = task.process
            if process.paused_until > self.now and not process.killed:
                self._set_timer(task, process.paused_until)
                process.deferred.append((task, task.wait_number))
                continue
            return task

    def _advance(self) -> bool:
        """Let time pass until a thread can run; False when none ever will."""
        timers = self._timers
        while timers:
            at, _, task, number = heapq.heappop(timers)
            if task.wait_number == number and not task.ended:
                self.now = max(self.now, at)
                self._wake(task)
                return True
        return False
