"""What each of S3's answers about a source says of the bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from tests.unit.clock import Clock
from worker.aws.storage_handler import StorageHandler
from worker.errors import (
    Code,
    ObjectChangedError,
    ObjectGoneError,
    RejectedError,
    SourceRefusedError,
    ThrottledError,
    TransientError,
    UnavailableError,
    WorkerError,
)
from worker.models.file import ObjectVersion
from worker.resilience.source_gate import SourceGate

pytestmark = pytest.mark.unit

VERSION = ObjectVersion(etag='"e"', size_bytes=5)


@pytest.fixture
def storage(connect: Callable[[str], Any]) -> StorageHandler:
    gate = SourceGate(["nas"], clock=Clock())
    return StorageHandler(connect("s3"), results_bucket="results", sources=gate)


def xml_error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>the reason</Message></Error>".encode()


def download(storage: StorageHandler, folder: Path) -> None:
    storage.download("nas", "key", VERSION, folder / "file", stop=lambda: None)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_head_that_is_refused_has_no_reason(storage: StorageHandler, wire: Any, status: int) -> None:
    # botocore asks the bucket for its region after a 400.
    for _ in range(6):
        wire.answer(b"", status=status)
    with pytest.raises(SourceRefusedError, match="s3://nas/key") as caught:
        storage.head("nas", "key")
    assert (caught.value.code, caught.value.counts_as_failure) == (Code.SOURCE_FORBIDDEN, False)
    assert [refusal.bucket for refusal in storage.sources.refusals()] == ["nas"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AccessDenied"),
        (403, "AllAccessDisabled"),
        (403, "AccountProblem"),
        (403, "RequestTimeTooSkewed"),
        (403, "SignatureDoesNotMatch"),
        (400, "ExpiredToken"),
        (400, "KMS.DisabledException"),
        (400, "KMS.KMSInvalidStateException"),
        (400, "InvalidRequest"),
        (301, "PermanentRedirect"),
    ],
)
def test_a_download_that_is_refused_is_reported(
    storage: StorageHandler, wire: Any, tmp_path: Path, status: int, code: str
) -> None:
    wire.answer(xml_error(code), status=status)
    wire.answer(b"", status=403)
    with pytest.raises(SourceRefusedError, match=code) as caught:
        download(storage, tmp_path)
    assert caught.value.code is Code.SOURCE_FORBIDDEN
    assert storage.sources.refusals() != []


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "InvalidObjectState", RejectedError),
        (404, "NoSuchKey", ObjectGoneError),
        (412, "PreconditionFailed", ObjectChangedError),
        (400, "RequestTimeout", UnavailableError),
        (500, "InternalError", UnavailableError),
        (501, "NotImplemented", TransientError),
        (503, "SlowDown", ThrottledError),
        (400, "KMS.ThrottlingException", ThrottledError),
    ],
)
def test_what_is_no_refusal_says_nothing_against_the_bucket(
    storage: StorageHandler, wire: Any, tmp_path: Path, status: int, code: str, expected: type[WorkerError]
) -> None:
    wire.answer(xml_error(code), status=status)
    with pytest.raises(expected) as caught:
        download(storage, tmp_path)
    assert type(caught.value) is expected
    assert storage.sources.refusals() == []


def test_a_missing_bucket_is_missing_for_all_files(
    storage: StorageHandler, wire: Any, tmp_path: Path
) -> None:
    wire.answer(xml_error("NoSuchBucket"), status=404)
    with pytest.raises(SourceRefusedError) as caught:
        download(storage, tmp_path)
    assert caught.value.code is Code.SOURCE_MISSING
    with pytest.raises(SourceRefusedError) as refused:
        storage.sources.admit("nas", "another")
    assert refused.value.code is Code.SOURCE_MISSING


def test_a_connection_that_fails_says_nothing(storage: StorageHandler, wire: Any) -> None:
    wire.breaks(ConnectTimeoutError(endpoint_url="x"))
    with pytest.raises(UnavailableError):
        storage.head("nas", "key")
    assert storage.sources.refusals() == []


def test_a_missing_object_of_a_readable_bucket_ends_a_refusal(storage: StorageHandler, wire: Any) -> None:
    wire.answer(b"", status=403)
    with pytest.raises(SourceRefusedError):
        storage.head("nas", "refused")
    for status in (404, 200):
        wire.answer(b"", status=status)
    with pytest.raises(ObjectGoneError):
        storage.head("nas", "gone")
    assert storage.sources.refusals() == []


def test_the_results_bucket_has_no_gate(storage: StorageHandler, wire: Any) -> None:
    wire.answer(xml_error("NoSuchKey"), status=404)
    assert storage.get("key") is None
    assert storage.sources.refusals() == []
