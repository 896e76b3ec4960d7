"""What an operator does about each code, in one line; docs/errors.md has the same (a test compares)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from worker.errors import Code

_BY_ITSELF = "Nothing: it is tried again by itself."
_BUG = "Look at the log lines of the file; if it fails again after `cis-worker dlq redrive`, report it."
_RAISE = "then `cis-worker rerun --reason"
_READ = "then `cis-worker rerun --unread"

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        Code.ENCRYPTED: f"Add its password to CIS_PDF_PASSWORDS, {_RAISE} encrypted`.",
        Code.CORRUPT: "Open the original on its file server, and store it again.",
        Code.EMPTY: "Nothing, unless the file should have content.",
        Code.UNSUPPORTED_TYPE: "Nothing: files of this type are found by their name only.",
        Code.NEEDS_LIBREOFFICE: f"Install LibreOffice on the workers, {_RAISE} needs_libreoffice`.",
        Code.NEEDS_LIBARCHIVE: f"Install libarchive-tools on the workers, {_RAISE} needs_libarchive`.",
        Code.TOO_LARGE: f"Raise CIS_MAX_FILE_BYTES or give the workers more disk, {_RAISE} too_large`.",
        Code.TOO_MANY_PIXELS: f"Raise CIS_MAX_PIXELS and CIS_MEMORY_BYTES, {_RAISE} too_many_pixels`.",
        Code.TOO_MANY_PAGES: f"Raise CIS_MAX_PAGES, {_RAISE} too_many_pages`.",
        Code.TOO_MANY_MEMBERS: f"Raise CIS_MAX_MEMBERS, {_RAISE} too_many_members`.",
        Code.TOO_DEEP: "Unpack the innermost files, and store them beside it.",
        Code.BOMB: "Check where the file came from.",
        Code.ARCHIVED: "Restore the object if its text is wanted: its event has it read.",
        Code.CRASHED: f"Raise CIS_MEMORY_BYTES, {_RAISE} crashed`; if it crashes again, report it.",
        Code.INVALID_CHILD_MESSAGE: "Treat the file as hostile, and report it.",
        Code.MEMORY: f"Raise CIS_MEMORY_BYTES or use larger machines, {_RAISE} memory`.",
        Code.TIMEOUT: f"Raise the CIS_*_TIMEOUT_S that it met, {_RAISE} timeout`.",
        Code.OCR_FAILED: "Look for Tesseract's message in the log line page_failed, then rerun the file.",
        Code.PAGES_FAILED: "Look at its pages and their reasons (`cis-worker show FILE`), then rerun it.",
        Code.OTHER_SCRIPT: "Nothing: OCR here reads Japanese and English only.",
        Code.NETWORK_FAILED: f"Look at the log line page_incomplete, {_READ} network_failed`.",
        Code.DYNAMIC_FORM: "Save the form as an ordinary PDF (print it), and store that.",
        Code.ATTACHED_FILES: "Store the attached files beside it, if their text is wanted.",
        Code.FORMULAS: "Open the workbook in Excel or LibreOffice, and save it: that stores its values.",
        Code.SIGNATURE: "Nothing: its text is complete; a PDF viewer shows who signed.",
        Code.CHART_DATA: "Nothing: the chart's own texts are found.",
        Code.SCRIPT_BESIDE_LAYER: "Nothing: the text of the page is found.",
        Code.NO_THUMBNAIL: "Nothing: its text is complete.",
        Code.THUMBNAIL_TIMEOUT: "Draw it at leisure: `cis-worker rerun --thumbnails`.",
        Code.OBJECT_GONE: "Nothing: the file was deleted.",
        Code.MALFORMED_MESSAGE: "Have its sender fixed, and purge the message (`cis-worker dlq purge`).",
        Code.SOURCE_NOT_ALLOWED: "Add the bucket to CIS_SOURCE_BUCKETS and redrive, or purge the message.",
        Code.SOURCE_MISSING: "Create the bucket again and redrive, or purge the message.",
        Code.SOURCE_FORBIDDEN: "Give the role s3:GetObject, s3:ListBucket and kms:Decrypt, then redrive.",
        Code.TOO_MANY_FAILURES: "Fix what its reason names last, then `cis-worker dlq redrive`.",
        Code.INDEX_REJECTED: "Fix what the index's answer names (a mapping, a limit), then redrive.",
        Code.WORKER_CRASHED: "Read the journal at the times of worker_died; if it was the machine, redrive.",
        Code.THROTTLED: "Nothing; request a higher quota if it persists.",
        Code.UNAVAILABLE: f"{_BY_ITSELF} Look at the service if it persists.",
        Code.CHANGED_WHILE_READ: _BY_ITSELF,
        Code.PROCESSING_FAILED: _BUG,
        Code.EMBEDDING_FAILED: f"{_BY_ITSELF} What Bedrock refuses stays without a vector.",
        Code.CIRCUIT_OPEN: f"{_BY_ITSELF} Look at the service that failed before.",
        Code.MODEL_UNAVAILABLE: "`cis-worker doctor` says what is wrong with the model; then nothing more.",
        Code.LOCAL_FAULT: "Free space on the worker's disk, or replace the machine.",
        Code.NO_ROOM: "Nothing; give the workers larger disks if it happens often.",
        Code.INTERRUPTED: "Nothing: another worker goes on with it.",
        Code.LEASE_LOST: "Nothing: another worker has the file.",
        Code.MISCONFIGURED: "Run `cis-worker doctor`, fix what it names, and start the worker again.",
        Code.PROGRAM_MISSING: "Install the package that the message names.",
        Code.NOT_FOUND: "Look for it with `cis-worker search` or `cis-worker list`.",
        "moved_by_sqs": "Find in the logs why its workers died (worker_died), then `cis-worker dlq redrive`.",
    }
)
"""By code; and for messages that SQS moved to the dead-letter queue itself."""


def remedy(code: str | None) -> str:
    """What to do about a code; for one that this version does not know, where to look."""
    return REMEDIES.get(code or "", "See docs/errors.md of the version that wrote it.")
