"""A fork server whose readers profile themselves.

Nobody can look into a reader from outside: its memory is hidden, and no file outside its document's folder,
which is removed, can be opened by it. So each inherits one descriptor that it appends its figures to. It is
killed when its last message has arrived, hence it writes them before each that may be the last.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from worker.runtime.profiling.process_profile import ProcessProfile
from worker.runtime.profiling.profile_order import ProfileOrder, profile_order
from worker.sandbox import document_process, fork_server
from worker.sandbox.channel import Channel
from worker.sandbox.confinement import Confinement
from worker.sandbox.fork_server import ForkServer
from worker.sandbox.protocol import AllPagesListed, PageExtracted, PreviewDone, ReadingFailed, SpawnRequest

_MAY_BE_THE_LAST = frozenset(
    kind.__name__ for kind in (PageExtracted, PreviewDone, ReadingFailed, AllPagesListed)
)


class ReaderProfiler(ForkServer):
    """Profiles each child from its fork to its last message."""

    def __init__(
        self,
        control: socket.socket,
        folder: Path,
        *,
        parent: int,
        confinement: Confinement,
        output: tuple[ProfileOrder, int],
    ) -> None:
        super().__init__(control, folder, parent=parent, confinement=confinement)
        order, descriptor = output
        self._profile = ProcessProfile(order, process="reader", descriptor=descriptor)

    def become_reader(self, channel: Channel, request: SpawnRequest) -> int:
        """Begin before the walls, whose cost is part of each document's."""
        self._profile.begin()
        return super().become_reader(channel, request)

    def read(self, channel: Channel, request: SpawnRequest) -> int:
        """Read the document, behind the walls."""
        return document_process.main(_SavingChannel(channel, self._profile.save), request)


class _SavingChannel(Channel):
    """Has the profile written before a message after which this process may be killed."""

    def __init__(self, channel: Channel, save: Callable[[], None]) -> None:
        super().__init__(socket.socket(fileno=os.dup(channel.fileno())))
        self._save = save

    def send(self, values: Mapping[str, object], *, descriptor: int | None = None) -> None:
        if values["kind"] in _MAY_BE_THE_LAST:
            self._save()
        super().send(values, descriptor=descriptor)

    def send_all(self, messages: Iterable[Mapping[str, object]]) -> None:
        """As `send`; the last of them comes only when all have been made, which is the reading itself."""
        made = [*messages]
        self._save()
        super().send_all(made)


def main(arguments: list[str]) -> None:
    """What fork_server.main does, with the value of CIS_PROFILE before its arguments."""
    order = profile_order(arguments[0])
    if order is None:
        raise ValueError("a profile of nothing")
    # One for all: what is written to it at once stays together.
    output = (order, order.open("reader"))
    fork_server.main(arguments[1:], make=partial(ReaderProfiler, output=output))


if __name__ == "__main__":
    main(sys.argv[1:])
