"""The socket that systemd listens on, with what it was sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSocket:
    """`address` as it stands in NOTIFY_SOCKET."""

    address: str
    socket: socket.socket

    def messages(self) -> list[dict[str, str]]:
        """What came since the last time, oldest first."""
        found: list[dict[str, str]] = []
        while True:
            try:
                text = self.socket.recv(65_536).decode()
            except BlockingIOError:
                return found
            found.append(dict(line.split("=", 1) for line in text.splitlines()))


@contextmanager
def listen(folder: Path, *, name: str = "") -> Iterator[ServiceSocket]:
    """A socket at a path in the folder, or an abstract one under a name."""
    address = f"@{name}" if name else str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0", 1))
        listener.setblocking(False)
        yield ServiceSocket(address=address, socket=listener)
