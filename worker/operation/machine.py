"""Checks of this machine: programs, languages, the work folder, memory, the metadata service."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from worker.aws.instance_metadata import InstanceMetadata
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import UnavailableError
from worker.extract import capabilities
from worker.extract.ocr.tesseract_cli import installed_languages, tesseract_version
from worker.extract.office.libreoffice import libre_office_version
from worker.extract.tools import Tools, resolve_options, tool_versions
from worker.operation.finding import Check, Finding, failure, ok, warning
from worker.sandbox import confinement

_PROGRAM_TIMEOUT_S = 10.0
_OSD = "osd"
_PROBE_BYTES = 4096
_MIB = 1024**2
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

_TESSERACT_ADVICE = "apt-get install tesseract-ocr, and see that it is on the PATH of the worker."
_POPPLER_ADVICE = "apt-get install poppler-utils, and see that it is on the PATH of the worker."
_LIBRE_OFFICE_ADVICE = (
    "apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui "
    "libreoffice-impress-nogui, and restart the worker."
)
_NETWORK_ADVICE = (
    "Let the worker make user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
    "kernel.apparmor_restrict_unprivileged_userns; in a container a seccomp profile that allows unshare), "
    "or keep the network from it by other means: docs/containers.md."
)
_WORK_DIR_ADVICE = "Set CIS_WORK_DIR to a folder the worker may write to, with room on its disk."


def machine_checks(settings: Settings) -> list[Check]:
    """The checks that need no service."""
    return [
        Check(subject="tesseract", run=tesseract_findings, advice=_TESSERACT_ADVICE),
        Check(
            subject="ocr_engine",
            run=lambda: ocr_engine_findings(settings, capabilities.probe()),
            advice="Install cis-worker[fast,neural], or set CIS_OCR_ENGINE and CIS_OCR_SECOND_PASS to auto.",
        ),
        *(
            Check(subject=name, run=partial(program_findings, name), advice=_POPPLER_ADVICE)
            for name in ("pdftoppm", "pdfinfo")
        ),
        Check(subject="libreoffice", run=libre_office_findings, advice=_LIBRE_OFFICE_ADVICE),
        Check(
            subject="languages",
            run=lambda: language_findings(settings.languages, installed_languages()),
            advice=_TESSERACT_ADVICE,
        ),
        Check(subject="work folder", run=partial(work_dir_findings, settings), advice=_WORK_DIR_ADVICE),
        Check(subject="readers", run=lambda: network_findings(confinement.probe()), advice=_NETWORK_ADVICE),
        Check(
            subject="memory",
            run=lambda: memory_findings(settings, total_bytes=memory_bytes()),
            advice="See that /proc is mounted.",
        ),
        Check(
            subject="metadata",
            run=lambda: metadata_findings(InstanceMetadata(settings.metadata_endpoint)),
            advice="Check AWS_EC2_METADATA_SERVICE_ENDPOINT.",
        ),
    ]


def tesseract_findings() -> Sequence[Finding]:
    """The version of the OCR engine. Raises MisconfiguredError where it is missing."""
    return [ok("tesseract", f"version {tesseract_version()}")]


def libre_office_findings() -> Sequence[Finding]:
    """The version of the program that legacy Office files need; nobody must have it."""
    version = libre_office_version()
    if version:
        return [ok("libreoffice", f"version {version}")]
    missing = (
        "absent: legacy Office, RTF and OpenDocument files will be recorded as needs_libreoffice, "
        "and Office files have only the thumbnails stored in them"
    )
    return [ok("libreoffice", missing)]


def ocr_engine_findings(settings: Settings, tools: Tools) -> Sequence[Finding]:
    """What reads pages, and lines again. Raises MisconfiguredError where the settings ask for too much."""
    options = resolve_options(read_options(settings), tools)
    used = ", then ".join(f"{name} {version}" for name, version in tool_versions(options, tools).items())
    return [ok("ocr_engine", used)]


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
    said = (done.stderr or done.stdout).partition("\n")[0]
    if done.returncode:
        return [failure(name, f"{path} -v ends with status {done.returncode}: {said}", _POPPLER_ADVICE)]
    return [ok(name, said.removeprefix(f"{name} "))]


def language_findings(asked: Sequence[str], installed: Collection[str]) -> Sequence[Finding]:
    """Whether the models of all languages are installed, and the one that tells which way is up."""
    subject = "languages"
    missing = [name for name in asked if name not in installed]
    if missing:
        packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
        there = ",".join(sorted(set(installed) - {_OSD}))
        return [
            failure(
                subject,
                f"Tesseract has no model {', '.join(missing)}.",
                f"apt-get install {packages}, or set CIS_LANGUAGES to some of {there}.",
            )
        ]
    if _OSD not in installed:
        return [
            warning(
                subject,
                "The model osd is missing: pages that lie on their side are not turned.",
                "apt-get install tesseract-ocr-osd.",
            )
        ]
    return [ok(subject, ", ".join(asked))]


def work_dir_findings(settings: Settings) -> Sequence[Finding]:
    """Whether the work folder may be written to, and has room."""
    folder = settings.work_dir
    try:
        with tempfile.TemporaryFile(dir=folder, prefix="cis-doctor-") as file:
            file.write(bytes(_PROBE_BYTES))
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return [failure("work folder", f"{folder} cannot be written to: {error.strerror}.", _WORK_DIR_ADVICE)]
    return [room_finding(settings, free_bytes=free_bytes)]


def room_finding(settings: Settings, *, free_bytes: int) -> Finding:
    """Whether the largest file fits on the work folder's disk, and as many as are worked on at a time."""
    subject, largest = "work folder", settings.max_file_bytes
    told = f"{settings.work_dir} has {free_bytes // _MIB} MiB free"
    if free_bytes < largest:
        return failure(
            subject,
            f"{told}, less than the largest file takes ({largest // _MIB} MiB).",
            "Make room, set CIS_WORK_DIR to a larger disk, or lower CIS_MAX_FILE_BYTES.",
        )
    if free_bytes < largest * settings.max_documents:
        return warning(
            subject,
            f"{told}; {settings.max_documents} files of the largest size ({largest // _MIB} MiB) do not fit.",
            "Give it a larger disk, or lower CIS_MAX_DOCUMENTS or CIS_MAX_FILE_BYTES.",
        )
    return ok(subject, told)


def network_findings(refused: str) -> Sequence[Finding]:
    """Whether the processes that read documents run without a network; `refused` says why not."""
    if refused:
        told = f"The processes that read documents keep the network: a namespace was refused ({refused})."
        return [warning("readers", told, _NETWORK_ADVICE)]
    return [ok("readers", "run without a network")]


def memory_findings(settings: Settings, *, total_bytes: int) -> Sequence[Finding]:
    """Whether as many readers as there are slots fit into memory when each takes all it may."""
    wanted = settings.memory_bytes * settings.slots
    told = (
        f"{total_bytes // _MIB} MiB for {settings.slots} slots of up to {settings.memory_bytes // _MIB} MiB"
    )
    if wanted > total_bytes:
        return [
            warning(
                "memory",
                f"{told}: large documents at one time could make the machine run out.",
                f"Set CIS_MEMORY_BYTES to at most {total_bytes // settings.slots}, or CIS_SLOTS to fewer.",
            )
        ]
    return [ok("memory", told)]


def memory_bytes() -> int:
    """What this machine has, or the container it is in, if that has less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no such limit, or the word max
        total = min(total, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    return total


def metadata_findings(metadata: InstanceMetadata) -> Sequence[Finding]:
    """Who this machine is to EC2; it need not be anybody."""
    try:
        instance = metadata.instance_id()
    except UnavailableError:
        return [ok("metadata", "does not answer: outside EC2 only SIGTERM announces a stop")]
    return [ok("metadata", f"answers; this is instance {instance or 'without an id'}")]
