"""Checks of this machine: programs, languages, the work folder, memory, the metadata service."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from worker.aws.instance_metadata import InstanceMetadata
from worker.config import Settings, sandbox_environment
from worker.document.options_from_settings import read_options
from worker.errors import Code, MisconfiguredError, UnavailableError
from worker.extract.tools import resolve_options, tool_versions
from worker.operation.finding import Check, Finding, failure, ok, warning
from worker.operation.slots import slots_check
from worker.operation.state_folder import state_folder_check
from worker.operation.walls import WALL_ADVICE, wall_findings
from worker.sandbox import confinement
from worker.sandbox.probe_client import ToolReport, report_tools

_PROGRAM_TIMEOUT_S = 10.0
_OSD = "osd"
_PROBE_BYTES = 4096
_MIB = 1024**2
# Version 2 of control groups; a container with version 1 is seen as the whole machine.
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

_TESSERACT_ADVICE = "apt-get install tesseract-ocr, and make sure that it is on the PATH of the worker."
_POPPLER_ADVICE = "apt-get install poppler-utils, and make sure that it is on the PATH of the worker."
_LIBRE_OFFICE_ADVICE = (
    "apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui "
    "libreoffice-impress-nogui, and restart the worker."
)
_WORK_DIR_ADVICE = "Set CIS_WORK_DIR to a folder the worker may write to, with room on its disk."


def machine_checks(settings: Settings) -> list[Check]:
    """The checks that need no service."""
    report = _run_once(lambda: report_tools(sandbox_environment()))
    return [
        *_tool_checks(settings, report),
        *(
            Check(subject=name, run=partial(program_findings, name), advice=_POPPLER_ADVICE)
            for name in ("pdftoppm", "pdfinfo")
        ),
        Check(subject="work folder", run=partial(work_dir_findings, settings), advice=_WORK_DIR_ADVICE),
        slots_check(settings),
        state_folder_check(settings),
        Check(
            subject="readers", run=lambda: wall_findings(settings, confinement.probe()), advice=WALL_ADVICE
        ),
        Check(
            subject="memory",
            run=lambda: memory_findings(settings, total_bytes=memory_bytes()),
            advice="Make sure that /proc is mounted.",
        ),
        Check(
            subject="metadata",
            run=lambda: metadata_findings(InstanceMetadata(settings.metadata_endpoint)),
            advice="Check AWS_EC2_METADATA_SERVICE_ENDPOINT.",
        ),
    ]


def _tool_checks(settings: Settings, report: Callable[[], ToolReport]) -> list[Check]:
    return [
        Check(subject="tesseract", run=lambda: tesseract_findings(report()), advice=_TESSERACT_ADVICE),
        Check(
            subject="ocr_engine",
            run=lambda: ocr_engine_findings(settings, report()),
            advice="Install cis-worker[fast,neural], or set CIS_OCR_ENGINE and CIS_OCR_SECOND_PASS to auto.",
        ),
        Check(
            subject="libreoffice", run=lambda: libre_office_findings(report()), advice=_LIBRE_OFFICE_ADVICE
        ),
        Check(
            subject="languages",
            run=lambda: language_findings(settings.languages, report()),
            advice=_TESSERACT_ADVICE,
        ),
    ]


def _run_once(probe: Callable[[], ToolReport]) -> Callable[[], ToolReport]:
    lock = threading.Lock()
    remember = cache(probe)

    def run() -> ToolReport:
        # The checks run in parallel, and a process of its own for each would cost seconds of CPU.
        with lock:
            return remember()

    return run


def tesseract_findings(report: ToolReport) -> Sequence[Finding]:
    """The version of Tesseract. Raises MisconfiguredError where it cannot be used."""
    _require_tesseract(report)
    return [ok("tesseract", f"version {report.tools.tesseract}")]


def libre_office_findings(report: ToolReport) -> Sequence[Finding]:
    """The version of LibreOffice, which is optional."""
    version = report.tools.libre_office
    if version:
        return [ok("libreoffice", f"version {version}")]
    missing = (
        "not installed: legacy Office, RTF and OpenDocument files will be recorded as needs_libreoffice, "
        "and Office files have only the thumbnails stored in them"
    )
    return [ok("libreoffice", missing)]


def ocr_engine_findings(settings: Settings, report: ToolReport) -> Sequence[Finding]:
    """The OCR engine and the second pass. Raises MisconfiguredError where one that is set is missing."""
    _require_tesseract(report)
    options = resolve_options(read_options(settings), report.tools)
    used = tool_versions(options, report.tools)
    return [ok("ocr_engine", ", then ".join(f"{name} {version}" for name, version in used.items()))]


def _require_tesseract(report: ToolReport) -> None:
    if report.problem:
        raise MisconfiguredError(report.problem, code=Code.PROGRAM_MISSING)


def program_findings(name: str) -> Sequence[Finding]:
    """Whether one of poppler's programs starts, and its version."""
    path = shutil.which(name)
    if path is None:
        return [failure(name, f"The program {name} is not on the PATH.", _POPPLER_ADVICE)]
    try:
        done = subprocess.run(
            [path, "-v"], capture_output=True, text=True, timeout=_PROGRAM_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [failure(name, f"{path} does not run: {error}.", _POPPLER_ADVICE)]
    # poppler prints its version to standard error.
    first_line = (done.stderr or done.stdout).partition("\n")[0]
    if done.returncode:
        return [failure(name, f"{path} -v ends with status {done.returncode}: {first_line}", _POPPLER_ADVICE)]
    return [ok(name, first_line.removeprefix(f"{name} "))]


def language_findings(languages: Sequence[str], report: ToolReport) -> Sequence[Finding]:
    """Whether the models of all languages are installed, and the one that detects the orientation.

    Raises MisconfiguredError where Tesseract cannot be used.
    """
    _require_tesseract(report)
    subject, installed = "languages", report.tools.languages
    missing = [name for name in languages if name not in installed]
    if missing:
        packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
        available = ",".join(sorted(set(installed) - {_OSD}))
        return [
            failure(
                subject,
                f"Tesseract has no model {', '.join(missing)}.",
                f"apt-get install {packages}, or set CIS_LANGUAGES to some of {available}.",
            )
        ]
    if _OSD not in installed:
        return [
            warning(
                subject,
                "The model osd is missing: rotated pages are not turned upright.",
                "apt-get install tesseract-ocr-osd.",
            )
        ]
    return [ok(subject, ", ".join(languages))]


def work_dir_findings(settings: Settings) -> Sequence[Finding]:
    """Whether the work folder is writable and has room."""
    folder = settings.work_dir
    try:
        with tempfile.TemporaryFile(dir=folder, prefix="cis-doctor-") as file:
            file.write(bytes(_PROBE_BYTES))
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return [failure("work folder", f"{folder} cannot be written to: {error.strerror}.", _WORK_DIR_ADVICE)]
    return [room_finding(settings, free_bytes=free_bytes)]


def room_finding(settings: Settings, *, free_bytes: int) -> Finding:
    """Whether the largest file fits on the work folder's disk, once and for every document in flight."""
    subject, largest = "work folder", settings.max_file_bytes
    message = f"{settings.work_dir} has {free_bytes // _MIB} MiB free"
    if free_bytes < largest:
        return failure(
            subject,
            f"{message}, less than the largest file takes ({largest // _MIB} MiB).",
            "Free space, set CIS_WORK_DIR to a larger disk, or lower CIS_MAX_FILE_BYTES.",
        )
    if free_bytes < largest * settings.max_documents:
        return warning(
            subject,
            f"{message}; {settings.max_documents} of the largest files ({largest // _MIB} MiB) do not fit.",
            "Give it a larger disk, or lower CIS_MAX_DOCUMENTS or CIS_MAX_FILE_BYTES.",
        )
    return ok(subject, message)


def memory_findings(settings: Settings, *, total_bytes: int) -> Sequence[Finding]:
    """Whether one reading process for each slot fits into memory when each uses all it may."""
    needed = settings.memory_bytes * settings.slots
    message = (
        f"{total_bytes // _MIB} MiB for {settings.slots} slots of up to {settings.memory_bytes // _MIB} MiB"
    )
    if needed > total_bytes:
        return [
            warning(
                "memory",
                f"{message}: several large documents at a time could exhaust it.",
                f"Set CIS_MEMORY_BYTES to at most {total_bytes // settings.slots}, or lower CIS_SLOTS.",
            )
        ]
    return [ok("memory", message)]


def memory_bytes() -> int:
    """The memory of this machine, or of the container it is in, if that has less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no such limit, or the word max
        total = min(total, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    return total


def metadata_findings(metadata: InstanceMetadata) -> Sequence[Finding]:
    """The id of this machine in EC2; outside EC2 there is none, which is no fault."""
    try:
        instance = metadata.instance_id()
    except UnavailableError:
        return [ok("metadata", "does not answer: outside EC2 only SIGTERM announces a shutdown")]
    return [ok("metadata", f"answers; this is instance {instance or 'without an id'}")]
