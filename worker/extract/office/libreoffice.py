"""Interface to the LibreOffice executable: its version, and the conversion of one file to another format.

It runs inside the document process: the same limits hold for it, and it ends with that process.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from worker.errors import Code, MisconfiguredError, RejectedError
from worker.extract.disk_space import full_disk
from worker.runtime.machine.work_clock import Net, wait_for

PROGRAM = "soffice"

# The program itself, without the script and the splash screen that start it: those want their socket in /tmp,
# where no reader may write.
_BINARY = "soffice.bin"
_SOCKET_FOLDER = "/proc/self/cwd"  # the path of a socket may have 107 characters
# It asks to be started again, as with a new profile.
_RESTART_STATUSES = (79, 81)
_MAX_STARTS = 4
# While a machine boots its disk has much to do; "" would leave the files of a worker's whole life unread.
_VERSION_TIMEOUT_S = 120.0
# No macros, no links, never an update of them (2 and 1 both mean so), and a proxy on a port that is closed.
_SETTINGS = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "2"),
    ("Office.Calc/Content/Update", "Link", "1"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    *(
        ("Inet/Settings", f"ooInet{kind}Proxy{what}", value)
        for kind in ("HTTP", "HTTPS")
        for what, value in (("Name", "127.0.0.1"), ("Port", "9"))
    ),
)
_ITEM = (
    '<item oor:path="/org.openoffice.{0}"><prop oor:name="{1}" oor:op="fuse"><value>{2}</value></prop></item>'
)
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">{0}</oor:items>'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """The suffix and import filter of the original, the export filter of the output, and the niceness.

    `writer` begins with the suffix of the output, such as pdf or "xlsx:Calc MS Excel 2007 XML".
    """

    suffix: str
    # Always named: left to choose, LibreOffice reads a damaged file as plain text.
    reader: str
    writer: str
    # 0 for text, as the other extractors have.
    nice: int = 0


def libre_office_version() -> str:
    """The version of the installed program, for example 7.4.7.2; "" where it is missing or does not run.

    Raises MisconfiguredError where it does not answer: whether it reads files is not known then.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return ""
    try:
        result = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_VERSION_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise MisconfiguredError(
            f"{program} --version did not answer within {_VERSION_TIMEOUT_S:g} s", code=Code.PROGRAM_MISSING
        ) from error
    except OSError:
        return ""
    words = result.stdout.decode("utf-8", "replace").split()
    return words[1] if len(words) > 1 and words[0] == "LibreOffice" else ""


def convert(path: Path, conversion: Conversion, *, timeout_s: float) -> Path:
    """Convert a file, in a temporary folder of its own; the original is unchanged.

    `timeout_s` is a net: seconds of work, or without any (`WorkClock`).
    Raises RejectedError: `needs_libreoffice`, `timeout`, `crashed`, `corrupt` where there is no output.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise RejectedError(
            f"{path.name}: files of type {conversion.suffix} are read by LibreOffice, which is not installed",
            code=Code.NEEDS_LIBREOFFICE,
        )
    folder = Path(tempfile.mkdtemp(prefix="libreoffice-"))
    original = folder / f"document.{conversion.suffix}"
    original.symlink_to(path.absolute())
    out = folder / "converted"
    status = _run(_binary(program), original, conversion, out=out, timeout_s=timeout_s)
    converted = out / f"document.{conversion.writer.partition(':')[0]}"
    if not converted.is_file() or not converted.stat().st_size:
        # The status is 0 for files that it could not read, too; another status is a crash.
        raise RejectedError(
            f"{path.name}: LibreOffice {f'ended with status {status}' if status else 'made nothing of it'}",
            code=Code.CRASHED if status else Code.CORRUPT,
        ) from full_disk(folder)
    return converted


def _binary(program: str) -> str:
    binary = Path(program).resolve().parent / _BINARY
    return str(binary) if binary.is_file() else program


def _run(program: str, original: Path, conversion: Conversion, *, out: Path, timeout_s: float) -> int:
    """Run LibreOffice beside the file; its exit status. Raises RejectedError (`timeout`, `crashed`)."""
    # A profile for each run, because two runs on one profile fail.
    profile = original.parent / "profile"
    settings = profile / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_PROFILE.format("".join(_ITEM.format(*setting) for setting in _SETTINGS)))
    command = [
        *("nice", "-n", str(conversion.nice), "env", f"HOME={profile}", f"TMPDIR={original.parent}"),
        *(program, f"-env:UserInstallation={profile.as_uri()}", f"-env:OSL_SOCKET_PATH={_SOCKET_FOLDER}"),
        *("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"),
        *(f"--infilter={conversion.reader}", "--convert-to", conversion.writer),
        *("--outdir", str(out), str(original)),
    ]
    try:
        return _start(command, folder=original.parent, timeout_s=timeout_s)
    except subprocess.TimeoutExpired as error:
        # Processes that it has started are in this process's group, and end with it.
        raise RejectedError(
            f"{original.name}: not converted within {timeout_s:g} s of work", code=Code.TIMEOUT
        ) from error
    except OSError as error:
        raise RejectedError(
            f"{original.name}: LibreOffice could not be started: {error.strerror}", code=Code.CRASHED
        ) from error
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def _start(command: list[str], *, folder: Path, timeout_s: float) -> int:
    """Start it, again as long as it asks for that; its exit status. Raises what `wait_for` raises.

    The limit is for all starts: a file that has it start again and again takes no more of it.
    """
    status, net = _RESTART_STATUSES[0], None
    for _ in range(_MAX_STARTS):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        if net is None:
            net = Net(process.pid, limit_s=timeout_s)
        else:
            net.follow(process.pid)
        status = wait_for(process, limit_s=timeout_s, net=net)
        if status not in _RESTART_STATUSES:
            break
    return status
