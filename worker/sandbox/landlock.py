"""Landlock: which files a process may read and write, and that it signals no process outside.

The numbers are of the kernel's interface, the same on every architecture. Landlock has versions: what one
does not know yet is not asked of it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
# The rights of version 1, and of each later version that adds some.
_RIGHTS_OF_FIRST = (1 << 13) - 1
_ADDED_RIGHTS = ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV))
_RIGHTS_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_NETWORK_VERSION, _BIND_AND_CONNECT_TCP = 4, 0b11
SIGNAL_VERSION = 6
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_USE_DEVICE = _READ_FILE | _WRITE_FILE
# All but to make device files, which no reader does.
_WRITE = ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV)

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file or folder, held open, with what may be done to it and to all below it."""

    descriptor: int
    rights: int


def version() -> int:
    """The version of this kernel's Landlock; 0 where it has none, or refuses to be asked."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)))


def readable(paths: Iterable[Path | str]) -> tuple[Place, ...]:
    """Those of the paths that are there, to be read and executed."""
    return _open(paths, _READ)


def devices(paths: Iterable[Path | str]) -> tuple[Place, ...]:
    """Those of the paths that are there, to be read and written."""
    return _open(paths, _USE_DEVICE)


def writable(paths: Iterable[Path | str]) -> tuple[Place, ...]:
    """Those of the paths that are there, to do everything in."""
    return _open(paths, _WRITE)


def close(places: Iterable[Place]) -> None:
    """Close their descriptors; the rules made of them stay."""
    for place in places:
        os.close(place.descriptor)


def restrict(places: Iterable[Place], *, known: int | None = None) -> int:
    """Allow this process, and all that it starts, these places only; 0, or the errno of why not.

    The process needs `no_new_privs`, and one thread. `known` is `version()` where that was asked before.
    """
    known = version() if known is None else known
    if not known:
        return errno.ENOSYS
    handled = _RIGHTS_OF_FIRST
    for since, rights in _ADDED_RIGHTS:
        handled |= rights if known >= since else 0
    network = _BIND_AND_CONNECT_TCP if known >= _NETWORK_VERSION else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if known >= SIGNAL_VERSION else 0
    attributes = struct.pack("=QQQ", handled, network, scopes)
    # The kernel refuses fields it does not know only where they are not 0.
    ruleset = _libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return ctypes.get_errno()
    try:
        for place in places:
            rule = struct.pack("=Qi", place.rights & handled, place.descriptor)
            if _libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0):
                return ctypes.get_errno()
        return ctypes.get_errno() if _libc.syscall(_RESTRICT_SELF, ruleset, 0) else 0
    finally:
        os.close(ruleset)


def _open(paths: Iterable[Path | str], rights: int) -> tuple[Place, ...]:
    places = []
    for path in paths:
        # What is not there needs no rule.
        with suppress(OSError):
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            allowed = rights if is_folder else rights & _RIGHTS_ON_FILES
            places.append(Place(descriptor=descriptor, rights=allowed))
    return tuple(places)
