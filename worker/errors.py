"""The error tree, by what must be done next. How each class ends an attempt: `outcome`.

    WorkerError                code: stable, used in logs, metrics, ledger, DLQ and docs/errors.md
    ├─ TransientError          the same job may succeed later          -> retry
    │  ├─ ThrottledError       a service asks for fewer calls          -> retry, not counted as a failure
    │  ├─ UnavailableError     a service does not work now             -> retry, not counted as a failure
    │  │  ├─ ModelUnavailableError  Bedrock refuses every call of a model -> vectors pending, a pause
    │  │  └─ ReportedFaultError  a reading process says the machine cannot work -> verified, then one of these
    │  ├─ LocalFaultError      this machine cannot work now            -> retry elsewhere, not counted
    │  ├─ ObjectChangedError   the object changed while it was read    -> start over, not counted as a failure
    │  ├─ SourceRefusedError   a source bucket, or one file of it, is refused -> see resilience/source_gate
    │  └─ ProcessingError      a stage failed; carries stage and `retry_allowed`
    ├─ RejectedError           this content can never be extracted     -> no_content, indexed by name
    ├─ DeadLetterError         this message can never be processed     -> DLQ with its reason
    ├─ JobInterrupted          this worker stops                       -> requeued
    ├─ LeaseLostError          another attempt owns the file now       -> write nothing
    └─ MisconfiguredError      a setting, a program or the machine is wrong -> stop the process
       └─ ServiceRefusedError  our queue, table, bucket or index refuses us -> wait, and stop when that lasts

Adapters translate the errors of their libraries into these classes once, with the cause kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Code(StrEnum):
    """Every stable code; each has a paragraph in docs/errors.md (a test compares the two)."""

    # why a document has no content
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    EMPTY = "empty"
    UNSUPPORTED_TYPE = "unsupported_type"
    NEEDS_LIBREOFFICE = "needs_libreoffice"
    NEEDS_LIBARCHIVE = "needs_libarchive"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_MEMBERS = "too_many_members"
    TOO_DEEP = "too_deep"
    BOMB = "bomb"
    ARCHIVED = "archived"
    CRASHED = "crashed"
    INVALID_CHILD_MESSAGE = "invalid_child_message"
    MEMORY = "memory"
    TIMEOUT = "timeout"
    # why a page, or a document that is partial, lacks text
    OCR_FAILED = "ocr_failed"
    PAGES_FAILED = "pages_failed"
    OTHER_SCRIPT = "other_script"
    NETWORK_FAILED = "network_failed"
    DYNAMIC_FORM = "dynamic_form"
    ATTACHED_FILES = "attached_files"
    FORMULAS = "formulas"
    # what is missing without which all text is there
    SIGNATURE = "signature"
    CHART_DATA = "chart_data"
    SCRIPT_BESIDE_LAYER = "script_beside_layer"
    # why it has no thumbnail
    NO_THUMBNAIL = "no_thumbnail"
    THUMBNAIL_TIMEOUT = "thumbnail_timeout"
    OBJECT_GONE = "object_gone"  # why a file was tombstoned
    # why a message went to the dead-letter queue
    MALFORMED_MESSAGE = "malformed_message"
    SOURCE_NOT_ALLOWED = "source_not_allowed"
    SOURCE_MISSING = "source_missing"
    SOURCE_FORBIDDEN = "source_forbidden"
    TOO_MANY_FAILURES = "too_many_failures"
    INDEX_REJECTED = "index_rejected"
    WORKER_CRASHED = "worker_crashed"
    # what may succeed later
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    CHANGED_WHILE_READ = "changed_while_read"
    PROCESSING_FAILED = "processing_failed"
    EMBEDDING_FAILED = "embedding_failed"
    CIRCUIT_OPEN = "circuit_open"
    MODEL_UNAVAILABLE = "model_unavailable"
    LOCAL_FAULT = "local_fault"
    NO_ROOM = "no_room"
    # what is not a failure
    INTERRUPTED = "interrupted"
    LEASE_LOST = "lease_lost"
    # what an operator must fix
    MISCONFIGURED = "misconfigured"
    PROGRAM_MISSING = "program_missing"
    NOT_FOUND = "not_found"  # what a user named


class Cause(StrEnum):
    """What keeps something from being read: a limit, which can be raised, or the content, which stays."""

    LIMIT = "limit"
    CONTENT = "content"


UNREAD: Mapping[Code, Cause] = MappingProxyType(
    {
        Code.ENCRYPTED: Cause.LIMIT,  # for want of a password
        **dict.fromkeys((Code.CORRUPT, Code.EMPTY, Code.UNSUPPORTED_TYPE), Cause.CONTENT),
        **dict.fromkeys((Code.NEEDS_LIBREOFFICE, Code.NEEDS_LIBARCHIVE), Cause.LIMIT),
        **dict.fromkeys((Code.TOO_LARGE, Code.TOO_MANY_PIXELS, Code.TOO_MANY_PAGES), Cause.LIMIT),
        **dict.fromkeys((Code.TOO_MANY_MEMBERS, Code.TOO_DEEP), Cause.LIMIT),
        Code.BOMB: Cause.LIMIT,
        Code.ARCHIVED: Cause.LIMIT,  # for want of a restore
        **dict.fromkeys((Code.CRASHED, Code.INVALID_CHILD_MESSAGE, Code.MEMORY, Code.TIMEOUT), Cause.LIMIT),
        **dict.fromkeys((Code.OCR_FAILED, Code.PAGES_FAILED, Code.NETWORK_FAILED), Cause.LIMIT),
        Code.OTHER_SCRIPT: Cause.CONTENT,
        **dict.fromkeys((Code.DYNAMIC_FORM, Code.ATTACHED_FILES, Code.FORMULAS), Cause.CONTENT),
        **dict.fromkeys((Code.SIGNATURE, Code.CHART_DATA, Code.SCRIPT_BESIDE_LAYER), Cause.CONTENT),
        Code.NO_THUMBNAIL: Cause.CONTENT,
        Code.THUMBNAIL_TIMEOUT: Cause.LIMIT,
    }
)
"""What was not read of a file, and what caused it: only after a limit might a copy be read further."""

OF_THUMBNAIL = frozenset({Code.NO_THUMBNAIL, Code.THUMBNAIL_TIMEOUT})
COSMETIC = OF_THUMBNAIL | {Code.SIGNATURE, Code.CHART_DATA, Code.SCRIPT_BESIDE_LAYER}
"""Those of them by which no text is lost: the document is complete."""


class WorkerError(Exception):
    """Anything that ends an attempt early.

    `code` is stable; the message is for humans: what happened, to which object, and what to do about it.
    """

    code: Code = Code.PROCESSING_FAILED

    def __init__(self, message: str, *, code: Code | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class TransientError(WorkerError):
    """The same job may succeed later, after `retry_after_s` where that is known."""

    counts_as_failure: bool = True
    retry_after_s: float | None = None


class ThrottledError(TransientError):
    """A service asks for fewer calls; `retry_after_s` is set when the service gave a time."""

    code = Code.THROTTLED
    counts_as_failure = False

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnavailableError(TransientError):
    """A service does not answer, or reports that it cannot work now."""

    code = Code.UNAVAILABLE
    counts_as_failure = False


class ModelUnavailableError(UnavailableError):
    """The embedding service refuses a model whatever the input: its id, region, access or a quota of days.

    `refusal` says what happened, `advice` what an operator can do; the message is both.
    """

    code = Code.MODEL_UNAVAILABLE

    def __init__(self, refusal: str, *, advice: str) -> None:
        super().__init__(f"{refusal} {advice}")
        self.refusal = refusal
        self.advice = advice


class ReportedFaultError(UnavailableError):
    """The process that reads a document reports that the machine cannot work; untrusted until verified."""


class LocalFaultError(TransientError):
    """This machine cannot work now: its disk, memory, processes or file descriptors are exhausted or broken.

    The fault is not the document's: another worker may process it at once.
    """

    code = Code.LOCAL_FAULT
    counts_as_failure = False


class ObjectChangedError(TransientError):
    """The object is no longer the version that was checked before."""

    code = Code.CHANGED_WHILE_READ
    counts_as_failure = False


class SourceRefusedError(TransientError):
    """A source bucket, or one object of it, is forbidden or missing.

    `counts_as_failure` says whose fault that is: the file's own, or that of the bucket, whose files wait.
    """

    code = Code.SOURCE_FORBIDDEN

    def __init__(
        self, message: str, *, code: Code, counts_as_failure: bool, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.counts_as_failure = counts_as_failure
        self.retry_after_s = retry_after_s


class ProcessingError(TransientError):
    """A stage of one document failed.

    `stage` names it (download, extract, embed, index, commit); with `retry_allowed` False
    the same input fails again.
    """

    def __init__(
        self,
        message: str,
        *,
        stage: str,
        retry_allowed: bool = True,
        code: Code = Code.PROCESSING_FAILED,
    ) -> None:
        super().__init__(message, code=code)
        self.stage = stage
        self.retry_allowed = retry_allowed


class OCRError(ProcessingError):
    """The OCR engine failed on a page or picture."""

    def __init__(self, message: str, *, retry_allowed: bool = True, code: Code = Code.OCR_FAILED) -> None:
        super().__init__(message, stage="ocr", retry_allowed=retry_allowed, code=code)


class BedrockError(ProcessingError):
    """The embedding service rejected the input or failed; the document continues without its vector."""

    def __init__(
        self, message: str, *, retry_allowed: bool = True, code: Code = Code.EMBEDDING_FAILED
    ) -> None:
        super().__init__(message, stage="embed", retry_allowed=retry_allowed, code=code)


class RejectedError(WorkerError):
    """This content can never be extracted; the file is indexed by its name with the reason."""

    code = Code.CORRUPT


class DeadLetterError(WorkerError):
    """This message can never be processed; it belongs on the dead-letter queue."""

    code = Code.MALFORMED_MESSAGE


class ObjectGoneError(WorkerError):
    """The object does not exist: it was deleted, which is a result and not a failure."""

    code = Code.OBJECT_GONE


class JobInterrupted(WorkerError):
    """This worker stops; the finished pages were checkpointed."""

    code = Code.INTERRUPTED


class LeaseLostError(WorkerError):
    """Another attempt owns the file, or the lease on the message lapsed; nothing may be written.

    `refused_by` is `ledger` or `index` where a write was refused as stale by its fence.
    """

    code = Code.LEASE_LOST

    def __init__(self, message: str, *, refused_by: str = "") -> None:
        super().__init__(message)
        self.refused_by = refused_by


class MisconfiguredError(WorkerError):
    """Our own queue, table, bucket, index or program is wrong; only an operator can fix it."""

    code = Code.MISCONFIGURED


class ServiceRefusedError(MisconfiguredError):
    """One of our own services refuses the call, or does not know the queue, table, bucket or index.

    It may heal by itself (credentials that rotate, a policy under change), so only a lasting refusal stops
    the worker: `resilience.resource_monitor` decides.
    """
