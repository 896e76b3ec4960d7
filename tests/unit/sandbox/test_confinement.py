"""The network and the privileges that a process gives up, tried in processes of their own."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.sandbox.confinement import explain, probe

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def run(program: str) -> str:
    """What a fresh process prints that runs this after the imports."""
    lines = "import os, socket\nfrom worker.sandbox.confinement import *\n" + program
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def skip_unless_allowed() -> None:
    if refused := probe():
        pytest.skip(f"this kernel or container refuses a network namespace ({refused})")


def test_outside_the_network_no_host_can_be_reached_and_files_still_can(tmp_path: Path) -> None:
    skip_unless_allowed()
    (tmp_path / "file").write_text("read me")
    output = run(
        "print(leave_network())\n"
        f"print(open({str(tmp_path / 'file')!r}).read(), os.geteuid())\n"
        f"open({str(tmp_path / 'new')!r}, 'w').close()\n"
        "try: socket.create_connection(('127.0.0.1', 1))\n"
        "except OSError as error: print(error.errno)\n"
    )
    assert output.splitlines() == ["0", f"read me {os.geteuid()}", str(errno.ENETUNREACH)]
    assert (tmp_path / "new").stat().st_uid == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_rights_leaves_the_network_too_and_stays_the_same_user() -> None:
    output = run(
        "import ctypes\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n"  # as a process is that was started by that user
        "refused = leave_network()\n"
        "give_up_privileges()\n"
        "print(explain(refused) or 'left', os.geteuid(), os.getegid(), os.listdir('/sys/class/net') and '')"
    )
    if output.startswith("EPERM"):
        pytest.skip("this kernel or container refuses user namespaces")
    assert output == "left 65534 65534"


def test_privileges_are_gone_for_good_and_files_are_private(tmp_path: Path) -> None:
    output = run(
        "give_up_privileges()\n"
        f"open({str(tmp_path / 'new')!r}, 'w').close()\n"
        "os.execvp('cat', ['cat', '/proc/self/status'])"
    )
    status = dict(line.split(":\t", 1) for line in output.splitlines())
    assert status["NoNewPrivs"] == "1"
    allowed = 0b110 if os.geteuid() == 0 else 0
    assert int(status["CapPrm"], 16) | int(status["CapEff"], 16) == allowed, (
        "also after another program began"
    )
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has any")
def test_where_some_capabilities_are_missing_the_others_go_too() -> None:
    output = run(
        "import ctypes, struct\n"
        "some = 1 << 1 | 1 << 5\n"
        "header = struct.pack('=Ii', 0x20080522, 0)\n"
        "assert ctypes.CDLL(None).capset(header, struct.pack('=6I', some, some, 0, 0, 0, 0)) == 0\n"
        "give_up_privileges()\n"
        "print(*[line for line in open('/proc/self/status') if line.startswith('CapPrm')])"
    )
    assert int(output.split()[1], 16) == 1 << 1


@pytest.mark.parametrize(("number", "name"), [(0, ""), (errno.EPERM, "EPERM: Operation not permitted")])
def test_a_refusal_is_reported_by_name(number: int, name: str) -> None:
    assert explain(number) == name
