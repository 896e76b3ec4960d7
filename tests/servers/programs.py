"""The programs that build and run the servers: their paths and their environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from tests.servers.java_trust import SYSTEM_BUNDLE, maven_options
from tests.servers.kind import ROOT, ServerError

_BUILD_S = 900
_TAIL_LINES = 25
# What tests set for the worker (closed endpoints, coverage) must not reach the servers.
_INHERITED = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "MAVEN_OPTS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
_INHERITED_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "npm_config_", "SSL_", "NODE_EXTRA_")


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The variables of our environment that builds and servers need, and `more`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }
    return {**kept, **more}


def find(name: str) -> str:
    """The path of a program. Raises ServerError when it is not installed."""
    found = shutil.which(
        name, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{ROOT / '.tools' / 'bin'}"
    )
    if found is None:
        raise ServerError(f"{name} is not installed.")
    return found


def find_python313() -> str:
    """A Python 3.13 that runs: $PYTHON313, one on the PATH or pyenv's. Raises ServerError."""
    for candidate in _pythons():
        try:
            done = subprocess.run(
                [candidate, "-c", "import sys; print(*sys.version_info[:2])"],
                check=False,
                capture_output=True,
                text=True,
                timeout=30,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.stdout.split() == ["3", "13"]:  # a shim of pyenv may exist without a version
            return candidate
    raise ServerError(
        "No Python 3.13 here: `pyenv install 3.13` installs one (or set PYTHON313 to its path)."
    )


def _pythons() -> Iterator[str]:
    yield from filter(None, (os.environ.get("PYTHON313"), shutil.which("python3.13")))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob("versions/3.13*/bin/python3.13"), reverse=True))


def run(command: Sequence[str], folder: Path, *, more: Mapping[str, str] = MappingProxyType({})) -> None:
    """Run a step of a build, with variables on top. Raises ServerError with the end of its output."""
    trust = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"} if SYSTEM_BUNDLE.exists() else {}
    if SYSTEM_BUNDLE.exists() and "NODE_EXTRA_CA_CERTS" not in os.environ:
        trust["NODE_EXTRA_CA_CERTS"] = str(SYSTEM_BUNDLE)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment({"UV_PYTHON_DOWNLOADS": "never", **trust, **more}),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_BUILD_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{Path(command[0]).name} was not done after {_BUILD_S} s.") from error
    if done.returncode != 0:
        raise ServerError(f"{Path(command[0]).name} failed:\n{last_lines(done.stdout)}")


def last_lines(text: str) -> str:
    """The end of a program's output, with its error."""
    return "\n".join(text.splitlines()[-_TAIL_LINES:])


def maven(folder: Path) -> None:
    """Run `mvn package`; what it downloads is kept in .tools, so that `make clean` finds it."""
    find("javac")
    run(
        (
            *(find("mvn"), "--batch-mode", "--quiet", "-Dstyle.color=never"),
            *(f"-Dmaven.repo.local={ROOT / '.tools' / 'm2'}", "package"),
        ),
        folder,
        more=maven_options(folder),
    )
