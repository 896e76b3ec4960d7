"""The messages of sd_notify: datagrams of `NAME=value` lines to the socket that systemd names."""

from __future__ import annotations

import socket

import structlog

_ABSTRACT = "@"
# systemd reads its socket at once; a worker must not wait for one that does not.
_SEND_TIMEOUT_S = 1.0

_log = structlog.get_logger(__name__)


class Notifier:
    """Sends to `address`, a path or the name of an abstract socket after an @; "" sends nothing.

    A message that cannot be sent is logged once and costs the worker nothing else.
    """

    def __init__(self, address: str = "") -> None:
        self._address = f"\0{address[1:]}" if address.startswith(_ABSTRACT) else address
        self._is_reached = True

    @property
    def is_on(self) -> bool:
        """Whether there is a service manager that listens."""
        return bool(self._address)

    def send(self, **fields: str | int) -> bool:
        """Send the fields in one message, names in capitals as systemd has them; whether it went out."""
        if not self._address:
            return False
        # A line is a field, so that a value of several lines would add some.
        lines = [f"{name}={' '.join(str(value).split())}" for name, value in fields.items()]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_TIMEOUT_S)
                sender.sendto("\n".join(lines).encode(), self._address)
        except (OSError, ValueError) as error:
            if self._is_reached:
                _log.warning("service_manager_unreachable", reason=str(error))
            self._is_reached = False
            return False
        self._is_reached = True
        return True
