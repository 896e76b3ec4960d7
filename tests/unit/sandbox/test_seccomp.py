"""The filter, read as the kernel reads it, and tried in a process of its own."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Sequence

import pytest

from tests.stand_ins.other_systems import output_of
from worker.sandbox import seccomp

pytestmark = pytest.mark.unit

ALLOWED = 0
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
IMPORTS = """
import ctypes, os, resource, socket, subprocess, sys, threading
from worker.sandbox import seccomp
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
print(seccomp.restrict())
"""


def answer(machine: str, number: int, arguments: Sequence[int] = (), *, audit: int | None = None) -> int:
    """The errno that the filter answers a call with, 0 where it allows it."""
    six = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, AUDIT[machine] if audit is None else audit, 0, *six)
    code = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    position = accumulator = 0
    while True:
        operation, if_true, if_false, value = code[position]
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif operation == 0x54:
            accumulator &= value
        elif operation in (0x15, 0x35):
            is_true = accumulator == value if operation == 0x15 else accumulator >= value
            position += if_true if is_true else if_false
        else:
            assert operation == 0x06
            return 0 if value == 0x7FFF0000 else value & 0xFFFF


_F_SETOWN, _CLONE_NEWUSER, _THREAD_FLAGS = 8, 0x10000000, 0x3D0F00
CASES = {
    "another thread": ("clone", 56, 220, (_THREAD_FLAGS,), ALLOWED),
    "a user namespace": ("clone", 56, 220, (_CLONE_NEWUSER | 17,), errno.EPERM),
    "a call whose flags are not seen": ("clone3", 435, 435, (), errno.ENOSYS),
    "a socket of its own": ("socket", 41, 198, (socket.AF_UNIX, socket.SOCK_STREAM | 0o2000000), ALLOWED),
    "datagrams": ("socket", 41, 198, (socket.AF_UNIX, socket.SOCK_DGRAM), errno.EPERM),
    "the internet": ("socket", 41, 198, (socket.AF_INET, socket.SOCK_STREAM), errno.EPERM),
    "a daemon": ("connect", 42, 203, (3,), errno.EPERM),
    "a signal to its program": ("kill", 62, 129, (4321, 9), ALLOWED),
    "a signal to all": ("kill", 62, 129, (2**64 - 1, 9), errno.EPERM),
    "its own limits": ("prlimit64", 302, 261, (0, 7), ALLOWED),
    "limits of another": ("prlimit64", 302, 261, (1, 7), errno.EPERM),
    "its own priority": ("setpriority", 141, 140, (0, 0, 10), ALLOWED),
    "the priority of another": ("setpriority", 141, 140, (0, 1, 10), errno.EPERM),
    "a lock": ("fcntl", 72, 25, (3, 6), ALLOWED),
    "an owner of a descriptor": ("fcntl", 72, 25, (3, _F_SETOWN, 1), errno.EPERM),
    "tracing": ("ptrace", 101, 117, (), errno.EPERM),
    "rings": ("io_uring_setup", 425, 425, (), errno.EPERM),
    "keys": ("keyctl", 250, 219, (), errno.EPERM),
    "a program for the kernel": ("bpf", 321, 280, (), errno.EPERM),
    "reading": ("read", 0, 63, (), ALLOWED),
    "Landlock": ("landlock_restrict_self", 446, 446, (), ALLOWED),
}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("case", CASES)
def test_a_call_is_allowed_or_refused_on_both_machines(case: str, machine: str) -> None:
    _, x86, arm, arguments, error = CASES[case]
    assert answer(machine, x86 if machine == "x86_64" else arm, arguments) == error


def test_calls_of_other_architectures_are_refused() -> None:
    assert answer("x86_64", 3, audit=0x40000003) == errno.EPERM, "read of 32-bit programs"
    assert answer("x86_64", 0x40000000) == errno.EPERM, "read of x32"
    assert answer("x86_64", 0) == ALLOWED


def test_programs_run_under_it_and_are_refused_what_they_do_not_need() -> None:
    output = output_of(
        f"{IMPORTS}"
        "print(subprocess.check_output(['sh', '-c', 'echo started'], text=True))\n"
        "thread = threading.Thread(target=print, args=('threads',)); thread.start(); thread.join()\n"
        "other = os.getppid()\n"
        "for attack in (lambda: socket.socket(), lambda: resource.prlimit(other, resource.RLIMIT_CPU),\n"
        "               lambda: os.pidfd_open(other), lambda: os.kill(-1, 0)):\n"
        "    try: print('succeeded', attack())\n"
        "    except OSError as error: print(error.errno)\n"
    )
    assert output.split() == ["0", "started", "threads", *[str(errno.EPERM)] * 4]


def test_a_program_started_under_it_has_it_too() -> None:
    output = output_of(
        IMPORTS + "code = 'import socket; socket.socket()'\n"
        "done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)\n"
        "print('PermissionError' in done.stderr)\n"
    )
    assert output.split() == ["0", "True"]


def test_another_machine_is_reported() -> None:
    assert seccomp.restrict("riscv64") == errno.ENOTSUP


def test_access_says_that_nothing_is_writable() -> None:
    """Landlock is not asked by access(), and LibreOffice looks with it for a folder for its socket."""
    output = output_of(IMPORTS + "print(os.access('/tmp', os.W_OK), os.access('/tmp', os.R_OK))")
    assert output.split() == ["0", "False", "True"]
    assert os.access("/tmp", os.W_OK)
