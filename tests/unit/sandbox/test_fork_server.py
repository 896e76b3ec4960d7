"""The fork server's own rules; what it does as a process is in test_fork_server_process.py."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from worker.extract.office.libreoffice import libre_office_version
from worker.sandbox.channel import Channel
from worker.sandbox.fork_server import ForkServer

pytestmark = pytest.mark.unit


def test_it_says_hello_and_leaves_nothing_when_the_worker_is_gone(tmp_path: Path) -> None:
    import signal

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)}
    ours, theirs = socket.socketpair()
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "document-1").write_text("left over")
    ours.shutdown(socket.SHUT_WR)
    try:
        ForkServer(theirs, folder, parent=os.getppid()).run()
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
    hello = Channel(ours).receive()
    assert hello["kind"] == "hello"
    assert "eng" in hello["tools"]["languages"]
    assert hello["tools"]["libre_office"] == libre_office_version()
    assert not folder.exists()
    ours.close()
    theirs.close()
