"""The warm process that document processes are forked from.

Importing the readers costs 0.36 CPU-s, a fork of a process that has them milliseconds. It also ends its
children: on request, when one dies (an OCR engine may still run in its group), and when the worker itself is
gone. Then it removes the worker's temporary folder too, so nothing outlives a `kill -9`.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from worker.errors import Code, MisconfiguredError
from worker.extract.capabilities import probe
from worker.extract.ocr.tesseract_cli import models_folder
from worker.runtime.machine.allocator import limit_heaps
from worker.runtime.work_root import picture_folder, remove_work_root
from worker.sandbox import document_process
from worker.sandbox.bounded_popen import bound_programs
from worker.sandbox.channel import Channel, ChannelClosedError, JsonObject, ProtocolError
from worker.sandbox.confinement import Confinement, explain, hide_memory, limit_resources
from worker.sandbox.forks.process_groups import (
    group_of,
    kill_and_reap,
    kill_group,
    kill_stray,
    own_children,
)
from worker.sandbox.forks.warm_up import warm_up
from worker.sandbox.namespaces import leave_network
from worker.sandbox.protocol import (
    NOT_FORKED,
    ChildExited,
    ChildStarted,
    ForkServerFailed,
    ForkServerReady,
    FromForkServer,
    KillChild,
    SpawnChild,
    SpawnRequest,
    message_to_fork_server,
    to_json,
)

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


class ForkServer:
    """Forks children, reports their exits, and sees to it that none is left over.

    Single-threaded, because a fork of a threaded process may deadlock.
    """

    def __init__(
        self, control: socket.socket, folder: Path, *, parent: int, confinement: Confinement
    ) -> None:
        self._control = control
        self._parent = parent
        self._channel = Channel(control)
        self._folder = folder
        self._confinement = confinement
        self._descriptors: list[int] = []
        self._first_children = frozenset(own_children())
        self._pids: dict[int, str] = {}
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        # Not select(): a worker with a thousand open files hands over a descriptor that it does not take.
        self._waiting = select.poll()
        for descriptor in (control.fileno(), self._wake_read):
            self._waiting.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Serve until the worker is gone; then leave no process and no file.

        Raises ProtocolError when the worker sends nonsense: a fault of this program, which must be seen.
        """
        # A handler of any kind makes a signal write to the wake-up pipe, which ends the poll. None raises: an
        # exception would come anywhere, and in the removal of the files leave some.
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, _note)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            self._require_parent()
            self._send(_greeting(self._confinement))
            while True:
                self._turn()
        except (ChannelClosedError, _ParentGoneError):
            self._kill_all()
            remove_work_root(self._folder)
        finally:
            # A fault of our own leaves the worker its files: it goes on with another fork server.
            self._kill_all()

    def _send(self, message: FromForkServer) -> None:
        self._channel.send(to_json(message))

    def _require_parent(self) -> None:
        # A service manager may signal every process of a service; only the worker's end counts here.
        if os.getppid() != self._parent:
            raise _ParentGoneError

    def _turn(self) -> None:
        ready = [descriptor for descriptor, _ in self._waiting.poll()]
        if self._wake_read in ready:
            with suppress(BlockingIOError):
                os.read(self._wake_read, 4096)
            self._require_parent()
            self._reap()
        if self._control.fileno() in ready:
            messages, descriptors = self._channel.receive_with_descriptors()
            # A descriptor comes with the first bytes of its message, which may end in a later read.
            self._descriptors += descriptors
            for values in messages:
                self._obey(values)

    def _obey(self, values: JsonObject) -> None:
        match message_to_fork_server(values):
            case SpawnChild(child=child, request=request):
                if not self._descriptors:
                    raise ProtocolError("SpawnChild without a descriptor")
                self._spawn(child, request, self._descriptors.pop(0))
            case KillChild(child=child):
                for pid, running in self._pids.items():
                    if running == child:
                        kill_group(pid)

    def _spawn(self, child: str, request: SpawnRequest, descriptor: int) -> None:
        try:
            pid = os.fork()
        except OSError:
            # No memory or no process left, which is not the document's fault.
            os.close(descriptor)
            self._send(ChildExited(child=child, code=NOT_FORKED, cpu_s=0.0))
            return
        if pid == 0:
            self._become_child(request, descriptor)
        os.close(descriptor)
        # Both sides set the group, so that it exists whichever of the two runs first.
        with suppress(OSError):
            os.setpgid(pid, pid)
        self._pids[pid] = child
        self._send(ChildStarted(child=child, pid=pid))

    def _become_child(self, request: SpawnRequest, descriptor: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            # Only the fork server ends a child, by SIGKILL; programs started by it ignore SIGTERM, too.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            self._control.close()
            for other in (self._wake_read, self._wake_write, *self._descriptors):
                os.close(other)
            _silence_stderr()
            limit_resources(request.options.limits)
            status = self.become_reader(Channel(socket.socket(fileno=descriptor)), request)
        finally:
            os._exit(status)

    def become_reader(self, channel: Channel, request: SpawnRequest) -> int:
        """Confine this process for good and let it read a document; its exit status."""
        document = request.document
        walls = self._confinement.enter(
            # Where pages are drawn is made here, as its parent may not be written any more.
            write=(document.folder, picture_folder(document.folder, slots=request.slots)),
            read=(document.path,),
            slots=request.slots,
        )
        fallen = walls.missing.keys() - self._confinement.walls.missing.keys()
        if fallen:
            reasons = ", ".join(f"{name} ({walls.missing[name]})" for name in sorted(fallen))
            return document_process.fail(channel, Code.UNAVAILABLE, f"a reader cannot be confined: {reasons}")
        return self.read(channel, request)

    def read(self, channel: Channel, request: SpawnRequest) -> int:
        """Read the document, behind the walls; the exit status."""
        return document_process.main(channel, request)

    def _reap(self) -> None:
        while True:
            try:
                # WNOWAIT: while the dead leader is not reaped, its group's number cannot be used again.
                exited = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if exited is None:
                return
            child = self._pids.pop(exited.si_pid, None)
            if child is None:
                os.waitpid(exited.si_pid, 0)
                continue
            code, cpu_s = kill_and_reap(exited.si_pid)
            self._kill_strays()
            self._send(ChildExited(child=child, code=code, cpu_s=cpu_s))

    def _kill_strays(self) -> None:
        """Kill what left its child's group: with that child dead it is our own child, in no child's group."""
        while strays := [pid for pid in own_children() if self._is_stray(pid)]:
            for pid in strays:
                kill_stray(pid)

    def _is_stray(self, pid: int) -> bool:
        return pid not in self._first_children and group_of(pid) not in self._pids

    def _kill_all(self) -> None:
        for pid in self._pids:
            kill_and_reap(pid)
        self._pids.clear()
        self._kill_strays()


class _ParentGoneError(Exception):
    """The worker is dead."""


def _note(_signal: int, _frame: object) -> None:
    """Do nothing but wake a poll."""


def _greeting(confinement: Confinement) -> FromForkServer:
    """What the worker must know of the programs here, or why documents cannot be read."""
    missing = [name for name in ("pdftoppm", "pdfinfo") if shutil.which(name) is None]
    if missing:
        return ForkServerFailed(reason=f"{', '.join(missing)} is missing: install poppler-utils")
    try:
        return ForkServerReady(tools=probe(), walls=confinement.measure())
    except MisconfiguredError as error:
        return ForkServerFailed(reason=str(error))


def _silence_stderr() -> None:
    """A library may complain about each byte of a file; files must not be able to fill the worker's log."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _prctl(option: int, value: int) -> None:
    _libc.prctl(option, value, 0, 0, 0)


def main(arguments: list[str], make: Callable[..., ForkServer] = ForkServer) -> None:
    """Serve the worker: the descriptor of its socket, its temporary folder, its pid, more paths to read."""
    descriptor, folder, parent = int(arguments[0]), Path(arguments[1]), int(arguments[2])
    # Children inherit it, too: a heap for each of their threads would take 64 MiB of the address space that a
    # document may have.
    limit_heaps()
    # Before the death signal is asked for, since a change of credentials clears it (prctl(2)).
    refused = leave_network()
    # After the namespace, whose maps a process that hides its memory may not write. Children inherit it.
    hide_memory()
    bound_programs()
    # From here to its loop, too: a worker that dies while its readers warm up leaves its folder to them.
    signal.signal(signal.SIGTERM, _note)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    models = models_folder()
    confinement = Confinement(
        namespace=explain(refused),
        more_to_read=[*arguments[3:], *([models] if models is not None else [])],
    )
    fork_server = make(socket.socket(fileno=descriptor), folder, parent=parent, confinement=confinement)
    if os.getppid() != parent:
        # The worker died before the death signal was asked for, so there will be none.
        remove_work_root(folder)
        return
    warm_up(folder)
    fork_server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
