"""The names of a process on a machine."""

from __future__ import annotations

import os
import socket
from importlib.metadata import version

import pytest

from worker.runtime.identity import command_identity, package_version, unique_name, worker_identity

pytestmark = pytest.mark.unit


def test_a_worker_is_named_by_its_instance_where_there_is_one() -> None:
    identity = worker_identity(worker="w1", instance="i-0abc")
    assert identity.fields() == {
        "worker": "w1",
        "instance": "i-0abc",
        "process": os.getpid(),
        "role": "worker",
        "version": version("cis-worker"),
    }
    assert worker_identity(worker="w1", instance=None).instance == socket.gethostname()


def test_a_worker_of_a_group_names_it_and_others_name_none() -> None:
    assert worker_identity(worker="w1", instance="i", group="night").fields()["group"] == "night"
    assert "group" not in worker_identity(worker="w1", instance="i").fields()


def test_a_command_is_named_by_host_and_process() -> None:
    identity = command_identity()
    assert (identity.role, identity.process) == ("command", os.getpid())
    assert identity.worker == f"{socket.gethostname()}-{os.getpid()}"


def test_each_start_has_a_name_of_its_own() -> None:
    assert unique_name() != unique_name()
    assert package_version() == version("cis-worker")
