"""The tools of this machine as a former run found them, where nothing says that they have changed.

To find them takes a process that imports every reader and starts LibreOffice: more than all else that a run
does where no file is new. They are known again by what the programs answer at once, and by size and time of
what an upgrade replaces.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path

from worker.extract.tools import Tools
from worker.sandbox.probe_client import probe_tools

_FILE_NAME = "tools.json"
_TIMEOUT_S = 60.0
_QUESTIONS = ("--version", "--list-langs")
# The first is a script, whose size hardly ever changes; what it starts is beside it.
_OFFICE_FILES = ("soffice", "soffice.bin", "versionrc")


def find_tools(environment: Mapping[str, str], *, folder: Path | None) -> Tools:
    """The tools under the environment of the readers, kept in `folder` for the next run.

    Raises MisconfiguredError where this machine cannot recognise text.
    """
    if folder is None:
        return probe_tools(environment)
    path, now = folder / _FILE_NAME, fingerprint(environment)
    known = _read(path, now)
    if known is None:
        known = probe_tools(environment)
        # A folder that cannot be written costs the next run the search.
        with suppress(OSError):
            _write(path, now, known)
    return known


def fingerprint(environment: Mapping[str, str]) -> str:
    """Changes when another version of a tool is installed, or a model."""
    parts = [sys.executable, sys.version, *(field.name for field in fields(Tools))]
    parts += [f"{name}={value}" for name, value in sorted(environment.items())]
    parts += [_answer(environment, question) for question in _QUESTIONS]
    parts += [_state(path) for path in _evidence(environment)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _answer(environment: Mapping[str, str], question: str) -> str:
    program = shutil.which("tesseract", path=environment.get("PATH"))
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, question],
            env={**environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    return os.fsdecode(done.stdout + done.stderr)


def _evidence(environment: Mapping[str, str]) -> Iterator[Path]:
    """What an upgrade of LibreOffice or of a Python package writes to."""
    office = shutil.which("soffice", path=environment.get("PATH"))
    if office is not None:
        place = Path(office).resolve().parent
        yield Path(office).resolve()
        yield from (place / name for name in _OFFICE_FILES)
    # The version is part of the name of a folder in each of these.
    yield from (Path(entry) for entry in sys.path if entry)


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} -"
    return f"{path} {status.st_ino} {status.st_size} {status.st_mtime_ns}"


def _read(path: Path, now: str) -> Tools | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["fingerprint"] != now:
            return None
        values = {field.name: kept["tools"][field.name] for field in fields(Tools)}
        languages = values.pop("languages")
        texts = [*values.values(), *languages]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(languages, list) or not all(isinstance(text, str) for text in texts):
        return None
    return Tools(languages=tuple(languages), **values)


def _write(path: Path, now: str, tools: Tools) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two runs may write at once, and a third one read.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        temporary = Path(file.name)
        try:
            json.dump({"fingerprint": now, "tools": asdict(tools)}, file)
            file.flush()
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
