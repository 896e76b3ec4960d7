"""A server of one's own that a test kills and starts again on its data."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.build import built
from tests.servers.kind import Kind, ServerError
from tests.servers.programs import environment
from tests.servers.running import answers, free_port, wait_briefly

_START_S = 300


@dataclass(eq=False)
class RestartableServer:
    """Keeps port and data over its starts."""

    kind: Kind
    home: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers. Raises ServerError."""
        launch = self.kind.launch(built(self.kind), self.port, self.home)
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                launch.command,
                cwd=self.home,
                env=environment(launch.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while not answers(self.kind.question, self.url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"{self.kind.name} did not start")
            wait_briefly()

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def restartable(kind: Kind, folder: Path) -> Iterator[RestartableServer]:
    """A server that runs, and is gone afterwards."""
    server = RestartableServer(kind=kind, home=Path(tempfile.mkdtemp(dir=folder)))
    try:
        server.start()
        yield server
    finally:
        server.kill()
