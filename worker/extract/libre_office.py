"""Legacy Office, RTF and OpenDocument files: LibreOffice makes a PDF of them, which is then read as one.

It runs inside the process that reads the document, which is its sandbox: the same limits hold for it, and
it ends with that process. Each run has a profile of its own, because two runs on one fail. There macros
are off, links are not followed, and a proxy that does not exist stands before the network. What counts is
the output, and not the exit status, which is 0 for files that it could not read, too.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from worker.errors import Code, RejectedError
from worker.extract.ole import OLE_START, has_directory, has_stream, is_encrypted, word_version
from worker.extract.ooxml_package import UNREADABLE, open_package
from worker.extract.page_source import PageSource
from worker.extract.pdf import open_pdf
from worker.models import FileType
from worker.read_options import ReadOptions

PROGRAM = "soffice"

_NICE = 10
_VERSION_TIMEOUT_S = 20.0
_SLIDES = frozenset({FileType.PPT, FileType.ODP})
_OPEN_DOCUMENTS = frozenset({FileType.ODT, FileType.ODS, FileType.ODP})
_READERS: Mapping[FileType, str] = MappingProxyType(
    {
        FileType.DOC: "MS Word 97",
        FileType.XLS: "MS Excel 97",
        FileType.PPT: "MS PowerPoint 97",
        FileType.RTF: "Rich Text Format",
        FileType.ODT: "writer8",
        FileType.ODS: "calc8",
        FileType.ODP: "impress8",
    }
)
_WRITER = "pdf"
_SLIDE_WRITER = 'pdf:impress_pdf_Export:{"ExportHiddenSlides":{"type":"boolean","value":"true"}}'
"""Hidden slides are kept, as in newer files; before LibreOffice 7.4 the wish is not heard."""
_WORD_95, _WORD_97 = 104, 193
_MANIFEST = "META-INF/manifest.xml"

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
"""No macros, no links, never an update of them (2 and 1 both mean so), and a proxy where nobody listens."""
_ITEM = (
    '<item oor:path="/org.openoffice.{0}"><prop oor:name="{1}" oor:op="fuse"><value>{2}</value></prop></item>'
)
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">{0}</oor:items>'
)


def libre_office_version() -> str:
    """The version of the installed program, for example 7.4.7.2; "" where it is missing or does not run."""
    program = shutil.which(PROGRAM)
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_VERSION_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    words = done.stdout.decode("utf-8", "replace").split()
    return words[1] if len(words) > 1 and words[0] == "LibreOffice" else ""


def open_through_libre_office(file_type: FileType, path: Path, options: ReadOptions) -> PageSource:
    """The pages of the PDF that LibreOffice makes of the file.

    Raises RejectedError: `encrypted`, `needs_libreoffice`, `timeout` (one page's time for the whole file),
    `crashed`, `corrupt` where there is no output, and what `open_package` and `open_pdf` raise.
    """
    if _is_encrypted(path, file_type):
        raise RejectedError(f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    if _is_damaged(path):
        raise RejectedError(f"{path.name}: the directory of its streams is damaged or cut off")
    program = shutil.which(PROGRAM)
    if program is None:
        raise RejectedError(
            f"{path.name}: files of type {file_type.value} are read by LibreOffice, which is not installed",
            code=Code.NEEDS_LIBREOFFICE,
        )
    folder = Path(tempfile.mkdtemp(prefix="libreoffice-"))
    original = folder / f"document.{file_type.value}"
    original.symlink_to(path.absolute())
    filters = [
        f"--infilter={_reader(path, file_type)}",
        *("--convert-to", _SLIDE_WRITER if file_type in _SLIDES else _WRITER),
    ]
    status = _convert(program, original, filters=filters, timeout_s=options.limits.page_timeout_s)
    converted = original.with_suffix(".pdf")
    if not converted.is_file() or not converted.stat().st_size:
        # What it cannot read, it leaves with status 0; another status is its own end.
        raise RejectedError(
            f"{path.name}: LibreOffice {f'ended with status {status}' if status else 'made nothing of it'}",
            code=Code.CRASHED if status else Code.CORRUPT,
        )
    return open_pdf(converted, options)


def _is_encrypted(path: Path, file_type: FileType) -> bool:
    """Whether it asks for a password; archives are looked at for bombs on the way."""
    if file_type not in _OPEN_DOCUMENTS:
        return _is_ole(path) and is_encrypted(path)
    package = open_package(path)
    try:
        return any(True for _ in package.tree(_MANIFEST).iter("{*}encryption-data"))
    except UNREADABLE:
        return False


def _is_damaged(path: Path) -> bool:
    """Whether nobody can read it, so that it needs no LibreOffice either."""
    return _is_ole(path) and not has_directory(path)


def _is_ole(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(OLE_START)) == OLE_START


def _reader(path: Path, file_type: FileType) -> str:
    """The filter that must read it: left to choose, LibreOffice reads what is damaged as plain text."""
    if file_type is FileType.DOC and 0 < (version := word_version(path)) < _WORD_97:
        return "MS Word 95" if version >= _WORD_95 else "MS WinWord 6"
    if file_type is FileType.XLS and not has_stream(path, "Workbook") and has_stream(path, "Book"):
        return "MS Excel 95"
    return _READERS[file_type]


def _convert(program: str, original: Path, *, filters: Sequence[str], timeout_s: float) -> int:
    """Run LibreOffice beside the file; its exit status. Raises RejectedError (`timeout`, `crashed`)."""
    profile = original.parent / "profile"
    settings = profile / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_PROFILE.format("".join(_ITEM.format(*setting) for setting in _SETTINGS)))
    try:
        done = subprocess.run(
            [
                *("nice", "-n", str(_NICE), "env", f"HOME={profile}"),
                *(program, f"-env:UserInstallation={profile.as_uri()}"),
                *("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"),
                *(*filters, "--outdir", str(original.parent), str(original)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        # What it has started itself is in this process's group, and ends with it.
        raise RejectedError(
            f"{original.name}: not converted within {timeout_s:g} s", code=Code.TIMEOUT
        ) from error
    except OSError as error:
        raise RejectedError(
            f"{original.name}: LibreOffice could not be started: {error.strerror}", code=Code.CRASHED
        ) from error
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    return done.returncode
