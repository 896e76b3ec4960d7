"""What a person does about each code of a file of their own; the worker's remedies are for a fleet."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from worker.errors import Code
from worker.runtime.remedies import remedy

_AGAIN = "then run the same ingest again."
_LOOK = "See its pages and their reasons (`cis-worker show FILE`);"

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        Code.ENCRYPTED: f"Set CIS_PDF_PASSWORDS to its password (a PDF), {_AGAIN}",
        Code.CORRUPT: "Open the original; if another program can, save it anew from there.",
        Code.NEEDS_LIBREOFFICE: f"Install LibreOffice, {_AGAIN}",
        Code.NEEDS_LIBARCHIVE: f"Install libarchive (Debian: libarchive-tools), {_AGAIN}",
        Code.TOO_MANY_MEMBERS: f"Raise CIS_MAX_MEMBERS, {_AGAIN}",
        Code.TOO_LARGE: f"Raise CIS_MAX_FILE_BYTES, or free space on the disk, {_AGAIN}",
        Code.TOO_MANY_PIXELS: f"Raise CIS_MAX_PIXELS and CIS_MEMORY_BYTES, {_AGAIN}",
        Code.TOO_MANY_PAGES: f"Raise CIS_MAX_PAGES, {_AGAIN}",
        Code.CRASHED: "The next ingest tries it again; if it crashes again, raise CIS_MEMORY_BYTES.",
        Code.MEMORY: f"Raise CIS_MEMORY_BYTES or close other programs, {_AGAIN}",
        Code.TIMEOUT: f"Raise the CIS_*_TIMEOUT_S that it met, {_AGAIN}",
        Code.OCR_FAILED: f"{_LOOK} the next ingest tries them again.",
        Code.PAGES_FAILED: f"{_LOOK} the next ingest tries again what a limit ended.",
        Code.NETWORK_FAILED: "The next ingest tries it again.",
        Code.DYNAMIC_FORM: "Print the form into an ordinary PDF, and ingest that.",
        Code.ATTACHED_FILES: "Save the attached files beside it, if their text is wanted.",
        Code.THUMBNAIL_TIMEOUT: "Nothing: its text is complete.",
        Code.TOO_MANY_FAILURES: "The next ingest tries it again.",
        Code.WORKER_CRASHED: "The next ingest tries it again; if it fails again, report it.",
        Code.MALFORMED_MESSAGE: "The next ingest tries it again; if it fails again, report it.",
    }
)


def home_remedy(code: str | None) -> str:
    """What to do about a code of a user file."""
    return _REMEDIES.get(code or "") or remedy(code)
