"""The worker's handle on its fork server: start it, have children forked and killed, hear of their ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from worker.errors import Code, MisconfiguredError
from worker.extract.tools import Tools
from worker.sandbox.channel import Channel, ChannelClosedError, Message

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0


class ForkServerClient:
    """One fork server; started again by its owner when it dies."""

    def __init__(self, *, work_root: Path, environment: Mapping[str, str]) -> None:
        self._work_root = work_root
        # Its folder is another one than ours, from where a package that is not installed was imported.
        self._environment = {**environment, "PYTHONPATH": str(Path(__file__).parents[2])}
        self._process: subprocess.Popen[bytes] | None = None
        self._pids: dict[str, int] = {}
        self.channel: Channel | None = None
        self.cpu_s = 0.0
        """CPU seconds of all children that ended, and of what they started."""

    def start(self) -> Tools:
        """Start it and wait until it is warm; raises MisconfiguredError when it cannot work here."""
        self._work_root.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "worker.sandbox.fork_server"),
                    *(str(theirs.fileno()), str(self._work_root), str(os.getpid())),
                ],
                env=self._environment,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=self._work_root,
                start_new_session=True,
            )
        self.channel = Channel(ours)
        ours.settimeout(_START_TIMEOUT_S)
        try:
            hello = self.channel.receive()
        except ChannelClosedError as error:
            raise MisconfiguredError(
                f"the process that reads documents did not start: {error} (its message is on stderr)"
            ) from error
        ours.settimeout(None)
        if "error" in hello:
            raise MisconfiguredError(str(hello["error"]), code=Code.PROGRAM_MISSING)
        told = hello["tools"]
        return Tools(**{**told, "languages": tuple(told["languages"]), "network": str(hello["network"])})

    def spawn(self, child: str, request: Message) -> Channel:
        """Have a child forked; returns our end of its channel.

        A fork server that is gone is no error here: its end is told by `receive`, and the owner starts over.
        """
        ours, theirs = socket.socketpair()
        with theirs, suppress(ChannelClosedError):
            if self.channel is not None:
                message = {"kind": "spawn", "run": child, "request": request}
                self.channel.send(message, descriptor=theirs.fileno())
        return Channel(ours)

    def kill(self, child: str) -> None:
        """Have a child's process group killed; its end is told by `receive`."""
        if self.channel is not None:
            with suppress(ChannelClosedError):
                self.channel.send({"kind": "kill", "run": child})

    def receive(self) -> list[tuple[str, int]]:
        """The children that ended, with exit statuses. Raises ChannelClosedError when it is dead."""
        ended = []
        for message in self.channel.receive_ready() if self.channel is not None else ():
            child = str(message["run"])
            if message["kind"] == "spawned":
                self._pids[child] = int(message["pid"])
            elif message["kind"] == "exited":
                self._pids.pop(child, None)
                self.cpu_s += float(message["cpu_s"])
                ended.append((child, int(message["code"])))
        return ended

    def kill_orphans(self) -> None:
        """After the fork server's death: kill the groups it led, and reap it."""
        for pid in self._pids.values():
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
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
