"""Programs in processes of their own: as an ordinary user, or under a kernel that refuses a wall."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The user of the image. Not 65534, which every file seems to belong to in a namespace without maps.
ORDINARY_USER = 10001
_TIMEOUT_S = 280.0

_REFUSE = """
import ctypes, errno, os, platform, struct, sys
column = ["x86_64", "aarch64"].index(platform.machine())
refused = {"namespace": ((272, 97), errno.EPERM), "landlock": ((444, 444), errno.ENOSYS)}
pack = lambda *fields: struct.pack("=HBBI", *fields)
code = pack(0x20, 0, 0, 0)
for name in sys.argv[1].split(","):
    numbers, error = refused[name]
    code += pack(0x15, 0, 1, numbers[column]) + pack(0x06, 0, 0, 0x00050000 | error)
code += pack(0x06, 0, 0, 0x7FFF0000)
class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, ctypes.byref(Program(len(code) // 8, code)), 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[2], sys.argv[2:])
"""


def without(*walls: str) -> tuple[str, ...]:
    """What a command begins with so that the kernel refuses it `namespace`, `landlock` or both."""
    return (sys.executable, "-P", "-c", _REFUSE, ",".join(walls))


def output_of(program: str, *, prefix: Sequence[str] = ()) -> str:
    """What a Python program prints in a process of its own; it must end well."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def home_of_ordinary_user() -> Iterator[Path]:
    """A folder of the user that `run_as_ordinary_user` runs as."""
    # Not below pytest's own, which no other user may enter.
    with tempfile.TemporaryDirectory(prefix="cis-ordinary-") as name:
        if os.geteuid() == 0:
            os.chown(name, ORDINARY_USER, ORDINARY_USER)
        yield Path(name)


def run_as_ordinary_user(program: str, *arguments: str, home: Path) -> str:
    """What a Python program prints that runs as a user without rights; it must end well."""
    command = [sys.executable, "-c", program, *arguments]
    if os.geteuid() == 0:
        command = _as_ordinary_user(command)
    done = subprocess.run(
        command,
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "SECRET": "a key",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _as_ordinary_user(command: Sequence[str]) -> list[str]:
    drop = [
        shutil.which("setpriv") or "setpriv",
        f"--reuid={ORDINARY_USER}",
        f"--regid={ORDINARY_USER}",
        "--clear-groups",
    ]
    hidden = _hidden_folders([Path(sys.base_prefix), Path(sys.prefix), ROOT])
    if not hidden:
        return [*drop, "--", *command]
    # An interpreter in the home of root: that folder is replaced by one in which it is alone.
    lines = ["set -e", "mount -t tmpfs tmpfs /mnt"]
    for number, (closed, needed) in enumerate(hidden):
        stage, target = f"/mnt/{number}", shlex.quote(str(needed))
        lines += [f"mkdir {stage}", f"mount --bind {target} {stage}"]
        lines += [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(closed))}", f"mkdir -p {target}"]
        lines += [f"mount --move {stage} {target}"]
    lines.append(shlex.join([*drop, "--", *command]))
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines)]


def _hidden_folders(needed: Sequence[Path]) -> list[tuple[Path, Path]]:
    """The needed folders that others cannot enter, each with the topmost folder that keeps them out."""
    found: list[tuple[Path, Path]] = []
    for folder in needed:
        closed = [path for path in (*reversed(folder.parents), folder) if not path.stat().st_mode & 0o001]
        if closed and not any(folder.is_relative_to(other) for _, other in found):
            found.append((closed[0], folder))
    return found
