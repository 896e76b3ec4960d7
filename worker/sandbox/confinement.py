"""What the processes that read documents give up before they see a byte: the network, and privileges.

`python -m worker.sandbox.confinement` tries it in a process of its own: its exit status is 0, or the errno.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = "=6I"
_FILE_CAPABILITIES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
_PROBE_TIMEOUT_S = 20.0
_PRIVATE_UMASK = 0o077

_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> int:
    """Move this process, which must have one thread, into an empty network; 0, or the errno of why not.

    Its sockets to the worker are pairs made before, which no namespace cuts.
    """
    # Root may make a network namespace. Others need a user namespace around it, which some kernels and most
    # container runtimes refuse (EPERM by seccomp); then reading goes on with the network, and is reported.
    if os.geteuid() == 0 and _unshare(_CLONE_NEWNET) == 0:
        return 0
    user, group = os.geteuid(), os.getegid()
    refused = _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    if refused:
        return refused
    # User and group are mapped to themselves: without a map, every file would belong to user 65534.
    with suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="utf-8")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="utf-8")
    return 0


def give_up_privileges() -> None:
    """Drop all capabilities but those to read and write files, make new files private, disable setuid."""
    os.umask(_PRIVATE_UMASK)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    # Two blocks of effective, permitted and inheritable: capabilities 0 to 31, and 32 to 63.
    current = ctypes.create_string_buffer(struct.calcsize(_CAPABILITIES))
    _libc.capget(header, current)
    _, permitted, *_ = struct.unpack(_CAPABILITIES, current.raw)
    # Root keeps these, as a package or a model may lie in a folder of another user. Only what is permitted
    # already: capset() refuses everything when one is not, as in a container.
    remaining = permitted & _FILE_CAPABILITIES if os.geteuid() == 0 else 0
    _libc.capset(header, struct.pack(_CAPABILITIES, remaining, remaining, 0, 0, 0, 0))


def probe() -> str:
    """Try `leave_network` in another process: "" where it works, else why it does not."""
    done = subprocess.run(
        [sys.executable, "-m", "worker.sandbox.confinement"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_PROBE_TIMEOUT_S,
        cwd=Path(__file__).parents[2],
    )
    return explain(done.returncode)


def explain(number: int) -> str:
    """The name and the meaning of an errno; "" for 0."""
    return f"{errno.errorcode.get(number, number)}: {os.strerror(number)}" if number else ""


def _unshare(flags: int) -> int:
    return ctypes.get_errno() if _libc.unshare(flags) else 0


if __name__ == "__main__":
    sys.exit(leave_network())
