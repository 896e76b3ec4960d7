"""Which process of which machine this is: the names that every log line carries."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache


@cache
def package_version() -> str:
    """The version of the installed package; reading it takes 0.1 s of CPU."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("cis-worker")
    except PackageNotFoundError:
        return "unknown"


def unique_name() -> str:
    """A name that no other start of a worker has, on whatever machine."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """`instance` is the machine's id where it has one, else its host name; `process` is the process id.

    `group` is the Auto Scaling group or the label of a worker's group, "" where it has none.
    """

    worker: str
    instance: str
    process: int
    role: str
    version: str
    group: str = ""

    def fields(self) -> Mapping[str, str | int]:
        """The fields of a log line."""
        return {name: value for name, value in asdict(self).items() if name != "group" or value}


def worker_identity(*, worker: str, instance: str | None, group: str = "") -> Identity:
    """The identity of this process, a worker."""
    return Identity(
        worker=worker,
        instance=instance or socket.gethostname(),
        process=os.getpid(),
        role="worker",
        version=package_version(),
        group=group,
    )


def command_identity() -> Identity:
    """The identity of this process where it is no worker, but a command an operator runs."""
    host = socket.gethostname()
    return Identity(
        worker=f"{host}-{os.getpid()}",
        instance=host,
        process=os.getpid(),
        role="command",
        version=package_version(),
    )
