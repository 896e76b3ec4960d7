"""The walls around a process that reads documents: what it gives up before it sees a byte.

`python -m worker.sandbox.confinement` tries them in a process of its own and prints which stand, as JSON.
"""

from __future__ import annotations

import ctypes
import errno
import json
import math
import os
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from worker.extract.read_options import Limits
from worker.sandbox import landlock, seccomp
from worker.sandbox.namespaces import leave_network

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 3, 4, 38
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = "=6I"
_FILE_CAPABILITIES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
# At the soft limit the kernel sends SIGXCPU, which says what happened; at the hard one SIGKILL.
_CPU_MARGIN_S = 30
_PROBE_TIMEOUT_S = 120.0
_PRIVATE_UMASK = 0o077
_MESSAGE_CHARS = 200
_READ_BYTES = 65_536
# The limit counts threads, and those of all processes of the user: the worker's and every neighbour's. It is
# there to stop a document that forks without end, long before the machine has no process left.
_PROCESSES, _PROCESSES_PER_SLOT = 4096, 256

_PACKAGE = Path(__file__).parents[1]
_PROGRAMS = ("sh", "env", "nice", "tesseract", "pdftoppm", "pdfinfo", "soffice")
_BESIDE_PROGRAMS = ("lib", "lib64", "libexec", "share")
# Programs, libraries, fonts, and what the C library and the readers look up; no other file of /etc.
_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *(
        f"/etc/{name}"
        for name in (
            *("alternatives", "crypto-policies", "dconf", "fonts", "group", "ld.so.cache", "libreoffice"),
            *("locale.alias", "localtime", "magic", "magic.mime", "mime.types", "nsswitch.conf", "papersize"),
            *("passwd", "pki/tls/openssl.cnf", "ssl/openssl.cnf", "timezone", "xpdf"),
        )
    ),
    *("/var/cache/fontconfig", "/var/lib/libreoffice", "/var/spool/libreoffice"),
    # A program finds itself there. What is secret of another process is guarded by ptrace's rules.
    *("/proc", "/sys/devices/system/cpu"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

WALLS_TO_HAVE = frozenset({"namespace", "landlock", "seccomp", "non_dumpable"})
"""Those whose absence is a warning; the others depend on the newest kernels, or on not being root."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Walls:
    """Which walls stand around a reader: for each why it does not, "" where it does."""

    namespace: str = ""
    """There is no network to reach."""
    landlock: str = ""
    """Files outside the document's folders cannot be written, nor, but for programs and fonts, read."""
    signals: str = ""
    """No process outside can be signalled."""
    seccomp: str = ""
    """No socket to a network or a daemon, no other process's memory, no way into parts of the kernel."""
    non_dumpable: str = ""
    """Memory and environment of worker, fork server and readers cannot be read by another process."""
    processes: str = ""
    """A document cannot fork without end."""

    @property
    def standing(self) -> tuple[str, ...]:
        """The names of the walls that stand."""
        return tuple(field.name for field in fields(self) if not getattr(self, field.name))

    @property
    def missing(self) -> Mapping[str, str]:
        """The names of those that do not, with the reasons."""
        return {field.name: reason for field in fields(self) if (reason := getattr(self, field.name))}


class Confinement:
    """The walls as prepared in the fork server, for one reader after another to enter."""

    def __init__(self, *, namespace: str, more_to_read: Iterable[Path | str] = ()) -> None:
        self._namespace = namespace
        # Opened once: a reader makes its rules of the descriptors it inherits.
        self._places = (*landlock.readable(_to_read(more_to_read)), *landlock.devices(_DEVICES))
        self._landlock_version = landlock.version()
        seccomp.program()  # made here, and not again in each reader
        self.walls = Walls()
        """What stood when `measure` tried."""

    def measure(self) -> Walls:
        """Let a child of this process, which must have one thread, try all of them."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(writer, json.dumps(asdict(self.enter(write=(), read=(), slots=1))).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            output = pipe.read(_READ_BYTES)
        os.waitpid(pid, 0)
        self.walls = _parse(output)
        return self.walls

    def enter(self, *, write: Sequence[Path], read: Sequence[Path], slots: int) -> Walls:
        """Confine this process for good to folders and files of one document; which walls stand."""
        hidden = hide_memory()
        give_up_privileges()
        places = (*landlock.writable(dict.fromkeys(write)), *landlock.readable(read))
        files = landlock.restrict((*self._places, *places), known=self._landlock_version)
        landlock.close(places)
        return Walls(
            namespace=self._namespace,
            landlock=explain(files),
            signals=self._signals(files),
            seccomp=explain(seccomp.restrict()),
            non_dumpable=explain(hidden),
            processes=_limit_processes(_PROCESSES + _PROCESSES_PER_SLOT * slots),
        )

    def _signals(self, refused: int) -> str:
        if refused or self._landlock_version < landlock.SIGNAL_VERSION:
            return f"needs Landlock {landlock.SIGNAL_VERSION} (Linux 6.12), here is {self._landlock_version}"
        return ""


def hide_memory() -> int:
    """Keep other processes of this user from memory and environment of this one; 0, or an errno.

    Only after `leave_network`: such a process may not write the maps of its user namespace.
    """
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return errno.EINVAL if _libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) else 0


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


def limit_resources(limits: Limits) -> None:
    """Bound what the child and every program it starts may take (per process, see setrlimit(2))."""
    for what, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))
    most_cpu_s = _cpu_s(limits, pages=limits.max_pages)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, most_cpu_s + _CPU_MARGIN_S))


def allow_cpu(limits: Limits, *, pages: int) -> None:
    """Raise the CPU time of this process to what a document of so many pages may take."""
    cpu_s = _cpu_s(limits, pages=min(pages, limits.max_pages))
    soft_s, hard_s = resource.getrlimit(resource.RLIMIT_CPU)
    if resource.RLIM_INFINITY not in (soft_s, hard_s) and soft_s < cpu_s <= hard_s:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, hard_s))


def _cpu_s(limits: Limits, *, pages: int) -> int:
    return limits.cpu_s + math.ceil(limits.document_timeout_per_page_s * pages)


def probe() -> Walls:
    """Try all walls in another process."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "worker.sandbox.confinement"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PROBE_TIMEOUT_S,
            cwd=Path(__file__).parents[2],
        )
    except subprocess.TimeoutExpired:
        return _parse(b"")
    return _parse(done.stdout)


def explain(number: int) -> str:
    """The name and the meaning of an errno; "" for 0."""
    return f"{errno.errorcode.get(number, number)}: {os.strerror(number)}" if number else ""


def _parse(output: bytes) -> Walls:
    try:
        return Walls(**json.loads(output))
    except (ValueError, TypeError):
        reason = "the process that tried it ended early"
        return Walls(**{field.name: reason for field in fields(Walls)})


def _limit_processes(most: int) -> str:
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
    return "" if os.geteuid() else "the kernel does not limit root: run the worker as a user of its own"


def _to_read(more: Iterable[Path | str]) -> list[Path]:
    """Where programs, libraries, models and this package are, without what is below another of them."""
    paths = [*_SYSTEM, *os.get_exec_path(), sys.prefix, sys.base_prefix, str(_PACKAGE), *map(str, more)]
    # A checkout that is imported from has more in it than modules; nothing is imported from the work folder.
    paths += [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    for name in _PROGRAMS:
        if found := shutil.which(name):
            folder = Path(found).resolve().parent
            paths.append(str(folder))
            # LibreOffice is one folder; of others a link on the PATH may lead to a folder like /opt/x/bin.
            if folder.name == "program":
                paths.append(str(folder.parent))
            elif folder.name == "bin":
                paths += [str(folder.parent / beside) for beside in _BESIDE_PROGRAMS]
    places: list[Path] = []
    # A parent is sorted before what is below it. Each is a system call in every reader.
    for place in sorted({Path(path).resolve() for path in paths if Path(path).is_absolute()}):
        if place != Path("/") and not any(place.is_relative_to(other) for other in places):
            places.append(place)
    return places


def main() -> None:
    """Try all walls here, and print which stand."""
    confinement = Confinement(namespace=explain(leave_network()))
    walls = confinement.enter(write=(), read=(), slots=1)
    sys.stdout.write(json.dumps(asdict(walls)))


if __name__ == "__main__":
    main()
