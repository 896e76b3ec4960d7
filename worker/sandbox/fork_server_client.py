"""The worker's handle on its fork server: start it, have children forked and killed, learn of their exits."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path

from worker.errors import Code, MisconfiguredError
from worker.extract.tools import Tools
from worker.runtime.machine.process_use import ProcessUse, use_of
from worker.sandbox.channel import Channel, ChannelClosedError, ProtocolError
from worker.sandbox.confinement import Walls
from worker.sandbox.protocol import (
    ChildExited,
    ChildStarted,
    ForkServerFailed,
    ForkServerReady,
    KillChild,
    SpawnChild,
    SpawnRequest,
    message_from_fork_server,
    to_json,
)

# A second on a quiet machine; the imports read 100 MB, and while a machine boots its disk has much to do.
_START_TIMEOUT_S = 600.0
_STOP_TIMEOUT_S = 5.0


class ForkServerClient:
    """One fork server; started again by its owner when it dies."""

    def __init__(self, *, work_root: Path, environment: Mapping[str, str]) -> None:
        self._work_root = work_root
        # It runs in another folder, where it would not find a package that is imported from a checkout.
        self._environment = {**environment, "PYTHONPATH": str(Path(__file__).parents[2])}
        self._process: subprocess.Popen[bytes] | None = None
        self._pids: dict[str, int] = {}
        self._begun: socket.socket | None = None
        self.channel: Channel | None = None
        self.walls = Walls()
        """Which walls stand around the children, as the fork server found out at its start."""
        self.cpu_s = 0.0
        """CPU seconds of all children that ended, and of what they started."""

    def begin(self) -> None:
        """Start the process, which takes a second to be warm; `start` waits for that."""
        self._work_root.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    # -P: it works in the folder that readers write to, and must not import from there.
                    *(sys.executable, "-P", "-m", *self._program()),
                    *(str(theirs.fileno()), str(self._work_root), str(os.getpid())),
                    *self._folders_of_programs(),
                ],
                env=self._environment,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=self._work_root,
                start_new_session=True,
            )
        ours.settimeout(_START_TIMEOUT_S)
        self.channel = Channel(ours)
        self._begun = ours

    def start(self) -> Tools:
        """Start it, unless it has begun, and wait until it is warm.

        Raises MisconfiguredError when it cannot work here.
        """
        if self._begun is None:
            self.begin()
        # Where it dies another is started.
        ours, self._begun = self._begun, None
        assert ours is not None and self.channel is not None  # noqa: S101, PT018 - for the type checker
        try:
            message = message_from_fork_server(self.channel.receive())
        except (ChannelClosedError, ProtocolError) as error:
            raise MisconfiguredError(
                f"the process that reads documents did not start: {error} (its message is on stderr)"
            ) from error
        ours.settimeout(None)
        match message:
            case ForkServerReady():
                self.walls = message.walls
                return message.tools
            case ForkServerFailed():
                raise MisconfiguredError(message.reason, code=Code.PROGRAM_MISSING)
            case _:
                raise MisconfiguredError("the process that reads documents is of another version")

    def _program(self) -> list[str]:
        """The fork server, or for developers the one whose readers profile themselves."""
        order = self._environment.get("CIS_PROFILE")
        return (
            ["worker.sandbox.profiling.reader_profiler", order] if order else ["worker.sandbox.fork_server"]
        )

    def _folders_of_programs(self) -> list[str]:
        """Where the environment says that libraries and models are, which readers must be able to read."""
        names = ("LD_LIBRARY_PATH", "TESSDATA_PREFIX")
        folders = [self._environment.get(name, "").split(os.pathsep) for name in names]
        return [folder for folder in chain(*folders) if folder]

    def spawn(self, child: str, request: SpawnRequest) -> Channel:
        """Have a child forked; returns our end of its channel.

        A fork server that is gone is no error here: `receive` reports it, and the owner starts another.
        """
        ours, theirs = socket.socketpair()
        with theirs, suppress(ChannelClosedError):
            if self.channel is not None:
                message = SpawnChild(child=child, request=request)
                self.channel.send(to_json(message), descriptor=theirs.fileno())
        return Channel(ours)

    def kill(self, child: str) -> None:
        """Have a child's process group killed; its exit is reported by `receive`."""
        if self.channel is not None:
            with suppress(ChannelClosedError):
                self.channel.send(to_json(KillChild(child=child)))

    def use_of(self, child: str) -> ProcessUse | None:
        """What a child and its programs have used so far; None where that is not known."""
        pid = self._pids.get(child)
        return None if pid is None else use_of(pid)

    def receive(self) -> list[tuple[str, int]]:
        """The children that exited, with exit statuses.

        Raises ChannelClosedError when the fork server is dead, ProtocolError when it sent nonsense.
        """
        exits = []
        for values in self.channel.receive_ready() if self.channel is not None else ():
            match message_from_fork_server(values):
                case ChildStarted(child=child, pid=pid):
                    self._pids[child] = pid
                case ChildExited(child=child, code=code, cpu_s=cpu_s):
                    self._pids.pop(child, None)
                    self.cpu_s += cpu_s
                    exits.append((child, code))
                case message:
                    raise ProtocolError(f"{type(message).__name__} after the start")
        return exits

    def kill_orphans(self) -> None:
        """After the fork server's death: kill its children's process groups, and reap it."""
        for pid in self._pids.values():
            # The number may belong to a process of another user by now.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self._pids.clear()
        self.close()

    def close(self) -> None:
        """Let it kill its children and end; safe to call twice."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        if self._process is not None:
            if self._begun is not None:
                # It imports, and has no child yet; it would not see for a second that it is not needed.
                self._process.kill()
            self._begun = None
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
