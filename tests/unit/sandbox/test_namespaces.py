"""Leaving the network, tried in processes of their own."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.stand_ins.other_systems import (
    home_of_ordinary_user,
    output_of,
    run_as_ordinary_user,
    without,
)
from worker.sandbox.confinement import probe

pytestmark = pytest.mark.unit

IMPORTS = "import ctypes, os, socket, sys\nfrom worker.sandbox.namespaces import leave_network\n"
HIDE = "ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n"


def skip_unless_allowed() -> None:
    if refused := probe().namespace:
        pytest.skip(f"this kernel or container refuses a network namespace ({refused})")


def test_outside_the_network_no_host_can_be_reached_and_files_still_can(tmp_path: Path) -> None:
    skip_unless_allowed()
    (tmp_path / "file").write_text("read me")
    output = output_of(
        IMPORTS + "print(leave_network())\n"
        f"print(open({str(tmp_path / 'file')!r}).read(), os.geteuid())\n"
        f"open({str(tmp_path / 'new')!r}, 'w').close()\n"
        "try: socket.create_connection(('127.0.0.1', 1))\n"
        "except OSError as error: print(error.errno)\n"
    )
    assert output.splitlines() == ["0", f"read me {os.geteuid()}", str(errno.ENETUNREACH)]
    assert (tmp_path / "new").stat().st_uid == os.geteuid()


def test_a_user_without_rights_leaves_the_network_too_and_stays_the_same_user() -> None:
    skip_unless_allowed()
    program = (
        IMPORTS + "before = os.getuid(), os.getgid()\n"
        "path = os.path.join(sys.argv[1], 'file')\n"
        "open(path, 'w').write('read me')\n"
        "refused = leave_network()\n"
        "same = before == (os.getuid(), os.getgid()) == (os.stat(path).st_uid, os.stat(path).st_gid)\n"
        "print(refused, same, open(path).read(), [n for _, n in socket.if_nameindex() if n != 'lo'])\n"
    )
    with home_of_ordinary_user() as home:
        assert run_as_ordinary_user(program, str(home), home=home) == "0 True read me []"


def test_a_map_that_cannot_be_written_is_reported_and_the_user_is_still_itself() -> None:
    skip_unless_allowed()
    program = (
        IMPORTS + HIDE + "before = os.getuid()\n"
        "refused = leave_network()\n"
        "open(os.path.join(sys.argv[1], 'new'), 'w').close()\n"
        "print(refused, os.getuid() == before == os.stat(os.path.join(sys.argv[1], 'new')).st_uid)\n"
    )
    with home_of_ordinary_user() as home:
        assert run_as_ordinary_user(program, str(home), home=home) == f"{errno.EACCES} True"


def test_a_namespace_that_the_system_refuses_is_reported() -> None:
    output = output_of(IMPORTS + "print(leave_network())", prefix=without("namespace"))
    assert output == str(errno.EPERM)
