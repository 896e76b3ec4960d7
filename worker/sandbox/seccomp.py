"""A seccomp filter: the system calls that no reader of documents needs are refused.

Written out for x86-64 and AArch64, so that no library has to be there at run time. A refused call fails with
an errno instead of ending the process: programs that only try one go on.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

_SET_MODE_FILTER = 1
# Without it, kernels before 5.16 slow every filtered process down to guard it from its own speculation.
_SPEC_ALLOW = 1 << 2

# struct seccomp_data: the number, the architecture, the instruction's address, then six arguments.
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT, _ARGUMENT_BYTES = 0, 4, 16, 8
_LOAD, _AND, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_X32_BIT = 0x40000000
_WHOLE_WORD = 0xFFFFFFFF

# CLONE_NEW: time, mount, cgroup, UTS, IPC, user, PID, network namespaces.
_NAMESPACES = 0x7E020080
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15
_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902
_SOCKET_TYPES = 0xF
_EVERY_PROCESS = 0xFFFFFFFF

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Condition:
    """Refuses a call where an argument's low word, masked, equals the value (or differs from it)."""

    call: str
    argument: int
    value: int
    mask: int = _WHOLE_WORD
    if_equal: bool = True
    error: int = errno.EPERM


# Name: its numbers on x86-64 and on AArch64 (None: not there).
_NUMBERS: Mapping[str, tuple[int | None, int | None]] = {
    # into another process
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    # the kernel: keys, programs, events, rings (which do what this filter refuses), modules, the machine
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "vhangup": (153, 58),
    "mknod": (133, None),
    "mknodat": (259, 33),
    # to daemons of this machine, and what all processes of a user share
    "connect": (42, 203),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
_CONDITIONAL_NUMBERS: Mapping[str, tuple[int | None, int | None]] = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "socket": (41, 198),
    "kill": (62, 129),
    "prlimit64": (302, 261),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
}
_CONDITIONS = (
    _Condition(call="clone", argument=0, mask=_NAMESPACES, value=0, if_equal=False),
    # Its flags are in memory, where no filter reads; the C library then uses clone.
    _Condition(call="clone3", argument=0, mask=0, value=0, error=errno.ENOSYS),
    # LibreOffice makes a stream socket for itself. Datagrams would reach daemons without connect.
    _Condition(call="socket", argument=0, value=socket.AF_UNIX, if_equal=False),
    _Condition(call="socket", argument=1, mask=_SOCKET_TYPES, value=socket.SOCK_STREAM, if_equal=False),
    _Condition(call="kill", argument=0, value=_EVERY_PROCESS),
    # What acts on a process by its number: on the caller (0) only.
    _Condition(call="prlimit64", argument=0, value=0, if_equal=False),
    _Condition(call="setpriority", argument=1, value=0, if_equal=False),
    _Condition(call="ioprio_set", argument=1, value=0, if_equal=False),
    *(
        _Condition(call=call, argument=0, value=0, if_equal=False)
        for call in ("sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr")
    ),
    # A descriptor can have a signal sent to any process.
    *(_Condition(call="fcntl", argument=1, value=value) for value in (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX)),
    *(
        _Condition(call="ioctl", argument=1, value=value)
        for value in (_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP)
    ),
    # access() does not ask Landlock, and LibreOffice makes its socket in /tmp where that says it may.
    _Condition(call="access", argument=1, value=os.W_OK, error=errno.EACCES),
    _Condition(call="faccessat", argument=2, value=os.W_OK, error=errno.EACCES),
    _Condition(call="faccessat2", argument=2, value=os.W_OK, error=errno.EACCES),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Architecture:
    """A machine: its place in the tables, its AUDIT_ARCH, the number of seccomp()."""

    column: int
    audit: int
    seccomp: int


_ARCHITECTURES = {
    "x86_64": _Architecture(column=0, audit=0xC000003E, seccomp=317),
    "aarch64": _Architecture(column=1, audit=0xC00000B7, seccomp=277),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def restrict(machine: str = platform.machine()) -> int:
    """Refuse those calls to this process and all that it starts; 0, or the errno of why not.

    The process needs `no_new_privs`, and one thread.
    """
    code = program(machine)
    if not code:
        return errno.ENOTSUP
    architecture = _ARCHITECTURES[machine]
    argument = _Program(len(code) // _INSTRUCTION.size, code)
    for flags in (_SPEC_ALLOW, 0):  # the flag is of Linux 4.17
        if not _libc.syscall(architecture.seccomp, _SET_MODE_FILTER, flags, ctypes.byref(argument)):
            return 0
    return ctypes.get_errno()


_INSTRUCTION = struct.Struct("=HBBI")


@cache
def program(machine: str = platform.machine()) -> bytes:
    """The filter as the kernel takes it (classic BPF), made once; empty for an unknown machine."""
    architecture = _ARCHITECTURES.get(machine)
    if architecture is None:
        return b""
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        # The calls of 32-bit programs have other numbers.
        (_JUMP_IF_EQUAL, 1, 0, architecture.audit),
        refuse,
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        code += [(_JUMP_IF_AT_LEAST, 0, 1, _X32_BIT), refuse]
    for condition in _CONDITIONS:
        number = _CONDITIONAL_NUMBERS[condition.call][architecture.column]
        if number is not None:
            code += _conditional(condition, number)
    for numbers in _NUMBERS.values():
        number = numbers[architecture.column]
        if number is not None:
            code += [(_JUMP_IF_EQUAL, 0, 1, number), refuse]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in code)


def _conditional(condition: _Condition, number: int) -> Iterable[tuple[int, int, int, int]]:
    position = _ARGUMENTS_AT + _ARGUMENT_BYTES * condition.argument
    equal, different = (0, 1) if condition.if_equal else (1, 0)
    return (
        (_JUMP_IF_EQUAL, 0, 5, number),
        # The low word; both architectures are little-endian, and the kernel takes these arguments as ints.
        (_LOAD, 0, 0, position),
        (_AND, 0, 0, condition.mask),
        (_JUMP_IF_EQUAL, equal, different, condition.value),
        (_RETURN, 0, 0, _ERRNO | condition.error),
        (_LOAD, 0, 0, _NUMBER_AT),
    )
