"""A real systemd for units of this repository: a user's manager in namespaces of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
HOST = ROOT / "infra/host"
_SCRIPT = Path(__file__).with_name("user_manager.sh")
_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--cgroup", "--kill-child")
_UNIT = "cis-worker.service"
_START_S = 120.0
_COMMAND_S = 400.0
# Of the embedded stack: files that lie where a service sees nothing, and what the unit itself sets.
_NOT_PASSED_ON = {
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
    *("CIS_WORK_DIR", "CIS_STATE_DIR", "CIS_LOG_DIR", "CIS_SQLITE_PATH"),
}


def refusal() -> str:
    """Why no systemd can be run here, "" where one can."""
    for program in ("unshare", "nsenter", "systemctl", "systemd-analyze"):
        if shutil.which(program) is None:
            return f"{program} is not installed: apt-get install systemd util-linux, or make servers"
    tried = subprocess.run(
        [*as_root(), *_NAMESPACES, "mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return f"this kernel or container refuses namespaces: {tried.stderr.strip()}" if tried.returncode else ""


def as_root() -> list[str]:
    """What makes a command one of root."""
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UserManager:
    """A running manager; `folder` has its units and the output of the worker."""

    folder: Path
    inside: list[str]
    """The command that runs another one in its namespaces."""

    @property
    def output(self) -> str:
        """What the worker has written, to both of its streams."""
        return (self.folder / "worker.log").read_text(encoding="utf-8", errors="replace")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside; its status may be anything."""
        return subprocess.run(
            [*self.inside, *command], capture_output=True, text=True, timeout=_COMMAND_S, check=False
        )

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run systemctl on this manager."""
        return self.run("systemctl", "--user", *words)

    def show(self, name: str) -> str:
        """A property of the unit."""
        return self.systemctl("show", "--property", name, "--value", _UNIT).stdout.strip()

    def write_settings(self, environment: Mapping[str, str], **others: str) -> None:
        """The worker.env of the next manager in this folder."""
        passed_on = {name: text for name, text in environment.items() if name not in _NOT_PASSED_ON}
        lines = [f"{name}={text}\n" for name, text in {**passed_on, **others}.items()]
        (self.folder / "worker.env").write_text("".join(lines), encoding="utf-8")


@contextmanager
def user_manager(
    folder: Path, environment: Mapping[str, str], *, drop_in: str = "", **settings: str
) -> Iterator[UserManager]:
    """A manager that knows the unit as it is in the repository.

    Changed is only where its output goes, since there is no journal, where its interpreter and its health
    server are, how long a start may take on a busy machine, and what a `drop_in` of the test says.
    """
    manager = UserManager(folder=folder, inside=[])
    units = folder / "units"
    (units / f"{_UNIT}.d").mkdir(parents=True)
    shutil.copy(HOST / _UNIT, units / _UNIT)
    changes = (
        "[Service]",
        *(f"Standard{stream}=append:{folder}/worker.log" for stream in ("Output", "Error")),
        # An interpreter that is mounted at another place than it was built for.
        "Environment=LD_LIBRARY_PATH=/opt/python/lib",
        "TimeoutStartSec=900",
    )
    (units / f"{_UNIT}.d/test.conf").write_text("\n".join((*changes, drop_in, "")), encoding="utf-8")
    # Made by this user, so that it can be read where the manager is another's.
    (folder / "worker.log").touch()
    own = {"CIS_SQLITE_PATH": "/var/lib/cis-worker/index.sqlite3", "CIS_HTTP_PORT": "0"}
    manager.write_settings(environment, **own, **settings)
    # The service's user must reach nothing here; the manager, which is root, opens the output.
    packages = sysconfig.get_paths()["purelib"]
    with (folder / "manager.log").open("wb") as errors:
        process = subprocess.Popen(
            [*as_root(), *_NAMESPACES, "bash", _SCRIPT, folder, sys.base_prefix, packages, ROOT],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=subprocess.STDOUT,
        )
    try:
        yield UserManager(folder=folder, inside=_wait_until_up(process, folder))
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            subprocess.run([*as_root(), "kill", "-KILL", str(child.pid)], check=False, capture_output=True)
        process.wait(60)


def _wait_until_up(process: subprocess.Popen[bytes], folder: Path) -> list[str]:
    """The command that enters the namespaces, once the manager in them answers."""
    deadline, tick = time.monotonic() + _START_S, threading.Event()
    while time.monotonic() < deadline and process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            inside = [
                *as_root(),
                *("nsenter", "--target", str(child.pid), "--mount", "--pid", "--cgroup", "--"),
                *("env", "XDG_RUNTIME_DIR=/run"),
            ]
            answer = subprocess.run(
                [*inside, "systemctl", "--user", "list-units"], capture_output=True, timeout=60, check=False
            )
            if answer.returncode == 0:
                # That of the system is open to all users; the kernel says who sends.
                subprocess.run([*inside, "chmod", "666", "/run/systemd/notify"], check=True, timeout=60)
                return inside
        tick.wait(0.2)
    raise AssertionError(f"no systemd: {(folder / 'manager.log').read_text(errors='replace')[-2_000:]}")
