"""Servers for people: `python -m tests.servers build` prepares them, `run` runs them until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import ExitStack
from types import FrameType

from tests.servers.build import built
from tests.servers.catalogue import KINDS, LOCALSTACK
from tests.servers.kind import Kind, ServerError
from tests.servers.running import Running, running

_POLL_S = 1.0


def say(line: str) -> None:
    """Print a line without buffering."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def build() -> int:
    """Build all servers; returns the exit status. One that is optional may be left out."""
    status = 0
    for kind in KINDS.values():
        try:
            built(kind)
        except ServerError as error:
            say(f"servers: without {kind.name}: {error}")
            status = status if kind.optional else 1
    return status


def run() -> int:
    """Run all servers until Ctrl-C (or SIGTERM), or until one of them ends; returns the exit status."""
    stop = threading.Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request_stop)
    with ExitStack() as servers_stack:
        servers: dict[str, Running] = {}
        for kind in KINDS.values():
            try:
                server = running(kind, built(kind), abandoned=stop.is_set)
                servers[kind.name] = servers_stack.enter_context(server)
            except ServerError as error:
                if stop.is_set():
                    return 0
                say(f"# without {kind.name}: {error}")
                if not kind.optional:
                    return 1
        say(export_lines(servers))
        while not stop.wait(_POLL_S):
            dead = [name for name, server in servers.items() if not server.alive()]
            if dead:
                say(f"# {', '.join(dead)} ended by itself")
                return 1
    return 0


def export_lines(servers: dict[str, Running]) -> str:
    """Lines to paste into another terminal."""
    found: list[tuple[Kind, str]] = [(KINDS[name], server.url) for name, server in servers.items()]
    return "\n".join(
        (
            "# tests use these instead of servers of their own",
            *(f"export {kind.variable}={url}" for kind, url in found),
            "# a worker is pointed at them by",
            *(f"export {setting}={url}" for kind, url in found for setting in kind.settings),
            # what has no server of its own must not reach AWS
            *(f"export AWS_ENDPOINT_URL={url}" for kind, url in found if kind is LOCALSTACK),
            "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1",
            "# and `scripts/test --integration` runs all tests against them",
            "# Ctrl-C ends them all, with what they hold",
        )
    )


if __name__ == "__main__":
    COMMANDS = {"build": build, "run": run}
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python -m tests.servers {'|'.join(COMMANDS)}")
    sys.exit(COMMANDS[sys.argv[1]]())
