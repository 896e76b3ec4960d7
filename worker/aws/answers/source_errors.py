"""What S3's answers about a source bucket mean; the SourceGate decides about refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from worker.aws.translation import ErrorTable, translate, translate_errors
from worker.errors import (
    Code,
    DeadLetterError,
    ObjectChangedError,
    ObjectGoneError,
    RejectedError,
    ServiceRefusedError,
    TransientError,
    WorkerError,
)
from worker.resilience.error_classification import error_code, http_status
from worker.resilience.source_gate import Access, SourceGate

_SOURCE_MISSING = partial(DeadLetterError, code=Code.SOURCE_MISSING)
_SOURCE_FORBIDDEN = partial(DeadLetterError, code=Code.SOURCE_FORBIDDEN)
_OBJECT: ErrorTable = {
    # The answer to a HEAD has no body, so botocore reports its status as the code. 405: a delete marker.
    **dict.fromkeys(("404", "405", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion"), ObjectGoneError),
    # Archived between HEAD and GET.
    "InvalidObjectState": partial(RejectedError, code=Code.ARCHIVED),
    **dict.fromkeys(("412", "PreconditionFailed"), ObjectChangedError),
}
_BUCKET: ErrorTable = {}
SOURCE: ErrorTable = {
    "NoSuchBucket": _SOURCE_MISSING,
    **dict.fromkeys(("403", "AccessDenied", "AllAccessDisabled"), _SOURCE_FORBIDDEN),
    **_OBJECT,
}
"""For calls that belong to no file of the queue, so that no other file can say whose fault a refusal is."""

_MISSING_BUCKET = ("404", "NoSuchBucket")


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceCall:
    """A call on an object, or with no `key` on the bucket itself; `what` completes "Could not ..."."""

    bucket: str
    key: str | None
    access: Access
    what: str


@contextmanager
def report_answers(gate: SourceGate, call: SourceCall) -> Iterator[None]:
    """Report to the gate how the call inside ended, and translate its errors.

    Raises SourceRefusedError, ObjectGoneError, ObjectChangedError, RejectedError (an archived object),
    UnavailableError, ThrottledError or TransientError.
    """
    began = gate.now()
    try:
        # Errors of the connection say nothing about the bucket.
        with translate_errors(call.what, _OBJECT):
            try:
                yield
            except ClientError as error:
                ours = translate(error, what=call.what, table=_BUCKET if call.key is None else _OBJECT)
                if _is_refusal(error, ours, call):
                    raise _refuse(gate, call, error, ours) from error
                raise ours from error
    except (ObjectChangedError, ObjectGoneError):
        # The 404 of a HEAD may mean the bucket: it proves nothing before the bucket was asked.
        if call.access is Access.GET:
            gate.on_success(call.bucket, call.key or "", Access.HEAD, began=began)
        raise
    gate.on_success(call.bucket, call.key or "", call.access, began=began)


def _is_refusal(error: ClientError, ours: WorkerError, call: SourceCall) -> bool:
    """Whether this answer, to this caller, is no. A HEAD has a 400 for expired credentials."""
    if call.key is None and error_code(error) in _MISSING_BUCKET:
        return True
    is_unknown = type(ours) is TransientError and 300 <= http_status(error) < 500
    return is_unknown or isinstance(ours, ServiceRefusedError)


def _refuse(gate: SourceGate, call: SourceCall, error: ClientError, ours: WorkerError) -> WorkerError:
    is_missing = error_code(error) == "NoSuchBucket" or (call.key is None and http_status(error) == 404)
    return gate.on_refusal(
        call.bucket,
        None if is_missing else call.key,
        call.access,
        code=Code.SOURCE_MISSING if is_missing else Code.SOURCE_FORBIDDEN,
        message=str(ours),
    )
