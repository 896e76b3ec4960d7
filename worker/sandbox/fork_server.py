"""The warm process that children are forked from: `python -m worker.sandbox.fork_server FD FOLDER`.

Importing the readers costs 0.36 s of CPU; a fork of a process that has them costs milliseconds. The
fork server is single-threaded (a fork of a threaded process may deadlock) and is started before the worker
has any thread. It leads every child's life: it kills a child's whole process group on request, on
the child's death (a OCR engine may still run in it) and when the worker itself is gone, which it learns
from its closed socket or from the parent-death signal. Then it removes the worker's temporary folder
too, so nothing outlives a `kill -9`.

Its output is pointed at the worker's stderr; it writes nothing there itself.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import shutil
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from worker.errors import MisconfiguredError
from worker.extract.capabilities import probe
from worker.runtime.work_root import remove_work_root
from worker.sandbox import document_process
from worker.sandbox.bounded_popen import bound_programs
from worker.sandbox.channel import Channel, ChannelClosedError, Message
from worker.sandbox.confinement import explain, give_up_privileges, leave_network

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class ForkServer:
    """Forks children, tells of their end, and sees to it that none is left over."""

    def __init__(self, control: socket.socket, folder: Path, *, parent: int, network: str = "") -> None:
        self._control = control
        self._parent = parent
        self._channel = Channel(control)
        self._folder = folder
        self._network = network
        self._descriptors: list[int] = []
        self._before = frozenset(_own_children())
        self._pids: dict[int, str] = {}
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)

    def run(self) -> None:
        """Serve until the worker is gone; then leave nothing behind."""
        signal.signal(signal.SIGTERM, self._on_parent_death)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            self._channel.send(_hello() | {"network": self._network})
            while True:
                self._turn()
        except (ChannelClosedError, _ParentGoneError):
            self._kill_all()
            remove_work_root(self._folder)
        finally:
            # A fault of our own leaves the worker its files: it goes on with another fork server.
            self._kill_all()

    def _orphaned(self) -> bool:
        return os.getppid() != self._parent

    def _on_parent_death(self, _signal: int, _frame: object) -> None:
        # A service manager may signal every process of a service; only the worker's end is ours.
        if self._orphaned():
            raise _ParentGoneError

    def _turn(self) -> None:
        ready, _, _ = select.select([self._control.fileno(), self._wake_read], [], [])
        if self._wake_read in ready:
            with suppress(BlockingIOError):
                os.read(self._wake_read, 4096)
            self._reap()
        if self._control.fileno() in ready:
            messages, descriptors = self._channel.receive_with_descriptors()
            # A descriptor comes with the first bytes of its message, which may end in a later read.
            self._descriptors += descriptors
            for message in messages:
                self._obey(message)

    def _obey(self, message: Message) -> None:
        if message["kind"] == "spawn":
            self._spawn(str(message["run"]), message["request"], self._descriptors.pop(0))
        elif message["kind"] == "kill":
            for pid, run in self._pids.items():
                if run == message["run"]:
                    _kill_group(pid)

    def _spawn(self, run: str, request: dict[str, Any], descriptor: int) -> None:
        try:
            pid = os.fork()
        except OSError:
            # No memory or no process left: for the worker that is a child that died at once.
            os.close(descriptor)
            self._channel.send({"kind": "exited", "run": run, "code": 1, "cpu_s": 0.0})
            return
        if pid == 0:
            self._become_child(request, descriptor)
        os.close(descriptor)
        # Both sides set the group, so that it exists whoever of the two runs first.
        with suppress(OSError):
            os.setpgid(pid, pid)
        self._pids[pid] = run
        self._channel.send({"kind": "spawned", "run": run, "pid": pid})

    def _become_child(self, request: dict[str, Any], descriptor: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            # Only the fork server ends a child, by SIGKILL; programs started by it inherit the deaf ear.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            self._control.close()
            for own in (self._wake_read, self._wake_write):
                os.close(own)
            for other in self._descriptors:
                os.close(other)
            _say_nothing()
            give_up_privileges()
            _limit(request["limits"])
            status = document_process.main(Channel(socket.socket(fileno=descriptor)), request)
        finally:
            os._exit(status)

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            run = self._pids.pop(ended.si_pid, None)
            if run is None:
                os.waitpid(ended.si_pid, 0)
                continue
            # While the dead leader is not reaped, its group's number cannot be given to another.
            code, cpu_s = _kill_and_reap(ended.si_pid)
            self._end_strays()
            self._channel.send({"kind": "exited", "run": run, "code": code, "cpu_s": cpu_s})

    def _end_strays(self) -> None:
        """Kill what left its child's group: with that child gone it is our own, and in nobody's group."""
        while strays := [pid for pid in _own_children() if self._is_stray(pid)]:
            for pid in strays:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _is_stray(self, pid: int) -> bool:
        return pid not in self._before and _group(pid) not in self._pids

    def _kill_all(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for pid in self._pids:
            _kill_and_reap(pid)
        self._pids.clear()
        self._end_strays()


class _ParentGoneError(Exception):
    """The signal that stands for the worker's death arrived."""


def _hello() -> Message:
    """What the worker must know of the programs here, or why it cannot work."""
    try:
        missing = [name for name in ("pdftoppm", "pdfinfo") if shutil.which(name) is None]
        if missing:
            return {"kind": "hello", "error": f"{', '.join(missing)} is missing: install poppler-utils"}
        return {"kind": "hello", "tools": asdict(probe())}
    except MisconfiguredError as error:
        return {"kind": "hello", "error": str(error)}


def _say_nothing() -> None:
    """A library may complain about each byte of a file; the worker's log is not for files to write in."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _limit(limits: dict[str, int]) -> None:
    """Bound what the child and every program it starts may take (per process, see setrlimit(2))."""
    for what, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, limits["output_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def _kill_and_reap(pid: int) -> tuple[int, float]:
    """Kill a group and wait until all of it is gone; its leader's exit status, the CPU seconds of all.

    What the leader had started is our child by then, because we are its subreaper.
    """
    _kill_group(pid)
    code, cpu_s = 0, 0.0
    while True:
        try:
            dead, status, used = os.wait4(-pid, 0)
        except ChildProcessError:
            return code, cpu_s
        cpu_s += used.ru_utime + used.ru_stime
        if dead == pid:
            code = os.waitstatus_to_exitcode(status)


def _own_children() -> list[int]:
    # Not every kernel lists them; there what leaves its group lives on until it ends by itself.
    with suppress(OSError):
        return list(map(int, Path("/proc/thread-self/children").read_text(encoding="ascii").split()))
    return []


def _group(pid: int) -> int:
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return pid


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def main(arguments: list[str]) -> None:
    """Serve the worker on the other side of the descriptor named first."""
    descriptor, folder, parent = int(arguments[0]), Path(arguments[1]), int(arguments[2])
    # Once for all children: it costs milliseconds. A change of credentials may undo a death signal asked for.
    refused = leave_network()
    bound_programs()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    fork_server = ForkServer(
        socket.socket(fileno=descriptor), folder, parent=parent, network=explain(refused)
    )
    if os.getppid() != parent:
        # The worker died before the death signal was asked for; the socket's end will be seen too.
        remove_work_root(folder)
        return
    fork_server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
