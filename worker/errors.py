"""The error tree, sorted by what must be done next.

    WorkerError                code: stable, used in logs, metrics, ledger, DLQ and docs/errors.md
    ├─ TransientError          the same job may succeed later          -> retry
    │  ├─ ThrottledError       a service asks for patience             -> retry, not counted as a failure
    │  ├─ UnavailableError     a service is away                       -> retry, not counted as a failure
    │  ├─ ObjectChangedError   the object changed under our hands      -> start over, not counted as a failure
    │  └─ ProcessingError      a stage failed; carries stage and `retry_allowed`
    ├─ RejectedError           this content can never be read          -> no_content, indexed by name
    ├─ DeadLetterError         this message can never be worked on     -> DLQ with its reason
    ├─ JobInterrupted          this machine is going away              -> requeued
    ├─ LeaseLostError          another attempt owns the file now       -> walk away, touch nothing
    └─ MisconfiguredError      our own queue, table, bucket or index is wrong -> stop the process

Adapters translate the errors of the library below into these classes once, with the cause kept.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Every stable code; each has a paragraph in docs/errors.md (a test compares the two)."""

    # why a document has no content
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    EMPTY = "empty"
    UNSUPPORTED_TYPE = "unsupported_type"
    NEEDS_LIBREOFFICE = "needs_libreoffice"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    BOMB = "bomb"
    CRASHED = "crashed"
    INVALID_CHILD_MESSAGE = "invalid_child_message"
    MEMORY = "memory"
    TIMEOUT = "timeout"
    # why a page, or a document that is partial, lacks text
    OCR_FAILED = "ocr_failed"
    PAGES_FAILED = "pages_failed"
    # why a file is gone
    OBJECT_GONE = "object_gone"
    # why a message went to the dead-letter queue
    MALFORMED_MESSAGE = "malformed_message"
    SOURCE_NOT_ALLOWED = "source_not_allowed"
    SOURCE_MISSING = "source_missing"
    SOURCE_FORBIDDEN = "source_forbidden"
    TOO_MANY_FAILURES = "too_many_failures"
    INDEX_REJECTED = "index_rejected"
    # what may succeed later
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    CHANGED_WHILE_READ = "changed_while_read"
    PROCESSING_FAILED = "processing_failed"
    EMBEDDING_FAILED = "embedding_failed"
    CIRCUIT_OPEN = "circuit_open"
    # what is not a fault
    INTERRUPTED = "interrupted"
    LEASE_LOST = "lease_lost"
    # what an operator must mend
    MISCONFIGURED = "misconfigured"
    PROGRAM_MISSING = "program_missing"


class WorkerError(Exception):
    """Anything that ends an attempt early.

    `code` is stable; the message is for people and says what happened, to what, and what to do.
    """

    code: Code = Code.PROCESSING_FAILED

    def __init__(self, message: str, *, code: Code | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class TransientError(WorkerError):
    """The same job may succeed later."""

    counts_as_failure = True


class ThrottledError(TransientError):
    """A service asks for patience; `retry_after_s` is set when it said how long."""

    code = Code.THROTTLED
    counts_as_failure = False

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnavailableError(TransientError):
    """A service does not answer, or answers that it cannot work now."""

    code = Code.UNAVAILABLE
    counts_as_failure = False


class ObjectChangedError(TransientError):
    """The object is not the version that was looked at any more."""

    code = Code.CHANGED_WHILE_READ
    counts_as_failure = False


class ProcessingError(TransientError):
    """A stage of one document failed.

    `stage` names it (download, extract, embed, index, commit); with `retry_allowed` False
    another attempt cannot help.
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
    """A page or picture could not be read by the OCR engine."""

    def __init__(self, message: str, *, retry_allowed: bool = True, code: Code = Code.OCR_FAILED) -> None:
        super().__init__(message, stage="ocr", retry_allowed=retry_allowed, code=code)


class BedrockError(ProcessingError):
    """The embedding service refused or failed; the document goes on without its vector."""

    def __init__(
        self, message: str, *, retry_allowed: bool = True, code: Code = Code.EMBEDDING_FAILED
    ) -> None:
        super().__init__(message, stage="embed", retry_allowed=retry_allowed, code=code)


class RejectedError(WorkerError):
    """This content can never be read; the file is indexed by its name with the reason."""

    code = Code.CORRUPT


class DeadLetterError(WorkerError):
    """This message can never be worked on; it belongs on the dead-letter queue."""

    code = Code.MALFORMED_MESSAGE


class ObjectGoneError(WorkerError):
    """The object is not in its bucket: it was deleted, which is a result and not a failure."""

    code = Code.OBJECT_GONE


class JobInterrupted(WorkerError):
    """This machine is going away; what is finished was checkpointed."""

    code = Code.INTERRUPTED


class LeaseLostError(WorkerError):
    """Another attempt owns the file, or the lease on the message lapsed; nothing may be written."""

    code = Code.LEASE_LOST


class MisconfiguredError(WorkerError):
    """Our own queue, table, bucket, index or program is wrong; only an operator can mend it."""

    code = Code.MISCONFIGURED
