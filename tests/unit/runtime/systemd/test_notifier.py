"""Datagrams to the service manager, at a path and at an abstract name."""

from __future__ import annotations

import socket
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from tests.unit.service_socket import listen
from worker.runtime.systemd.notifier import Notifier

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("is_abstract", [False, True])
def test_the_fields_of_a_message_arrive_together(tmp_path: Path, is_abstract: bool) -> None:
    with listen(tmp_path, name=f"cis-{uuid4()}" if is_abstract else "") as manager:
        assert Notifier(manager.address).send(READY=1, STATUS="受信中; 3 messages")
        assert manager.messages() == [{"READY": "1", "STATUS": "受信中; 3 messages"}]


def test_a_value_cannot_add_a_field(tmp_path: Path) -> None:
    with listen(tmp_path) as manager:
        Notifier(manager.address).send(STATUS="paused:\nMAINPID=1\r\nno space")
        assert manager.messages() == [{"STATUS": "paused: MAINPID=1 no space"}]


def test_without_a_service_manager_nothing_is_sent() -> None:
    notifier = Notifier("")
    assert (notifier.is_on, notifier.send(READY=1)) == (False, False)


@pytest.mark.parametrize("address", ["/nowhere/notify", "relative", "@gone", "a" * 200])
def test_a_manager_that_is_unavailable_is_logged_once_and_raises_nothing(address: str) -> None:
    notifier = Notifier(address)
    with capture_logs() as lines:
        assert [notifier.send(WATCHDOG=1) for _ in range(3)] == [False] * 3
    assert [line["event"] for line in lines] == ["service_manager_unreachable"]


def test_a_manager_that_does_not_read_delays_nothing_for_long(tmp_path: Path) -> None:
    with listen(tmp_path) as manager:
        manager.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        notifier = Notifier(manager.address)
        with capture_logs():
            while notifier.send(STATUS="x" * 1_000):
                pass
        assert manager.messages()
        assert notifier.send(STATUS="again")
