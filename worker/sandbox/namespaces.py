"""The network namespace without any interface that a process moves into, and the user namespace around it."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_ERRNO_LIMIT = 256

_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> int:
    """Move this process, which must have one thread, into an empty network; 0, or the errno of why not.

    Its sockets to the worker are pairs made before, which no namespace cuts. Where it is refused, the
    process is as it was.
    """
    # Root may make a network namespace. Others need a user namespace around it, which some kernels and most
    # container runtimes refuse (EPERM by seccomp).
    if os.geteuid() == 0 and _unshare(_CLONE_NEWNET) == 0:
        return 0
    # There is no way back from a user namespace whose maps cannot be written, and in it every file belongs to
    # user 65534: so a child tries first.
    return _try_in_child() or _enter_user_namespace()


def _enter_user_namespace() -> int:
    user, group = os.geteuid(), os.getegid()
    if refused := _unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        return refused
    # User and group are mapped to themselves. Without setgroups denied, the group may not be mapped.
    maps = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
    for name, line in maps.items():
        try:
            Path("/proc/self", name).write_text(line, encoding="ascii")
        except OSError as error:
            return error.errno or errno.EIO
    return 0


def _try_in_child() -> int:
    try:
        pid = os.fork()
    except OSError as error:
        return error.errno or errno.EAGAIN
    if pid == 0:
        status = errno.EIO
        try:
            status = _enter_user_namespace()
        finally:
            os._exit(status % _ERRNO_LIMIT)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else errno.EIO


def _unshare(flags: int) -> int:
    return ctypes.get_errno() if _libc.unshare(flags) else 0
