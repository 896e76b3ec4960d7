"""StorageHandler where the server cannot be made to fail on command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from worker.aws.storage_handler import StorageHandler
from worker.errors import (
    Code,
    MisconfiguredError,
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

pytestmark = pytest.mark.unit

VERSION = ObjectVersion(etag='"e"', size_bytes=5)


def go_on() -> None:
    """A `stop` that never stops."""


def xml_error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>the reason</Message></Error>".encode()


@pytest.fixture
def storage(connect: Callable[[str], Any]) -> StorageHandler:
    return StorageHandler(connect("s3"), results_bucket="results")


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        ("NoSuchKey", False),
        ("NoSuchBucket", False),
        ("AccessDenied", False),
        ("InvalidObjectState", False),
        ("", False),
        ("RequestTimeout", True),
        ("ServiceUnavailable", True),
        ("SlowDown", True),
        ("InternalError", True),
        ("500", True),
        ("503", True),
    ],
)
def test_what_may_succeed_later_is_retried(code: str, retry: bool) -> None:
    assert StorageHandler.should_retry_error(code) is retry


def test_a_refusal_of_a_bucket_that_never_answered_counts_and_never_stops_the_worker(
    storage: StorageHandler, wire: Any
) -> None:
    wire.answer(b"", status=403)
    with pytest.raises(SourceRefusedError, match="s3://nas/key") as caught:
        storage.head("nas", "key")
    assert (caught.value.code, caught.value.counts_as_failure) == (Code.SOURCE_FORBIDDEN, True)


@pytest.mark.parametrize("status", [404, 405])
def test_a_missing_object_of_a_bucket_that_exists_is_gone(
    storage: StorageHandler, wire: Any, status: int
) -> None:
    wire.answer(b"", status=status)
    wire.answer(b"")
    with pytest.raises(ObjectGoneError):
        storage.head("nas", "key")


@pytest.mark.parametrize(("status", "code"), [(404, Code.SOURCE_MISSING), (403, Code.SOURCE_FORBIDDEN)])
def test_a_missing_object_is_no_proof_when_its_bucket_cannot_be_read(
    storage: StorageHandler, wire: Any, status: int, code: Code
) -> None:
    wire.answer(b"", status=404)
    wire.answer(b"", status=status)
    with pytest.raises(SourceRefusedError) as caught:
        storage.head("nas", "key")
    assert caught.value.code == code


def test_an_outage_while_heading_the_bucket_proves_nothing(storage: StorageHandler, wire: Any) -> None:
    wire.answer(b"", status=404)
    wire.answer(b"", status=503)
    with pytest.raises(UnavailableError):
        storage.head("nas", "key")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, xml_error("AccessDenied"), SourceRefusedError),
        (403, xml_error("InvalidObjectState"), RejectedError),
        (404, xml_error("NoSuchBucket"), SourceRefusedError),
        (404, xml_error("NoSuchVersion"), ObjectGoneError),
        (412, xml_error("PreconditionFailed"), ObjectChangedError),
        (500, xml_error("InternalError"), UnavailableError),
        (503, xml_error("SlowDown"), ThrottledError),
    ],
)
def test_a_refused_download_becomes_the_error_that_says_what_to_do_next(
    storage: StorageHandler,
    wire: Any,
    tmp_path: Path,
    status: int,
    body: bytes,
    expected: type[WorkerError],
) -> None:
    wire.answer(body, status=status)
    with pytest.raises(WorkerError) as caught:
        storage.download("nas", "key", VERSION, tmp_path / "local", stop=go_on)
    assert type(caught.value) is expected


def test_an_object_replaced_during_the_download_is_not_a_failure() -> None:
    assert not ObjectChangedError("x").counts_as_failure


@pytest.mark.parametrize("pin", [("abc", "versionId=abc"), ("null", ""), (None, "")])
def test_a_download_is_pinned_to_the_version_of_the_head(
    storage: StorageHandler, wire: Any, tmp_path: Path, pin: tuple[str | None, str]
) -> None:
    version_id, query = pin
    wire.answer(b"12345")
    version = ObjectVersion(etag='"e"', size_bytes=5, version_id=version_id)
    storage.download("nas", "key", version, tmp_path / "local", stop=go_on)
    (request,) = wire.requests
    assert request.url.partition("?")[2] == query
    assert request.headers.get("If-Match") == (None if query else b'"e"')


def test_a_truncated_body_is_an_outage_and_leaves_no_file(
    storage: StorageHandler, wire: Any, tmp_path: Path
) -> None:
    wire.answer(b"123", headers={"content-length": "5"})
    with pytest.raises(UnavailableError, match="nas/key"):
        storage.download("nas", "key", VERSION, tmp_path / "local", stop=go_on)
    assert list(tmp_path.iterdir()) == []


def test_an_object_of_another_length_is_refused(storage: StorageHandler, wire: Any, tmp_path: Path) -> None:
    wire.answer(b"123")
    with pytest.raises(UnavailableError, match="3 of 5 bytes"):
        storage.download("nas", "key", VERSION, tmp_path / "local", stop=go_on)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported_with_its_folder(storage: StorageHandler, wire: Any, tmp_path: Path) -> None:
    (tmp_path / "local").symlink_to("/dev/full")
    wire.answer(b"12345")
    with pytest.raises(TransientError, match=f"disk of {tmp_path} is full"):
        storage.download("nas", "key", VERSION, tmp_path / "local", stop=go_on)
    assert list(tmp_path.iterdir()) == []


def test_another_disk_error_is_not_reported_as_full(
    storage: StorageHandler, wire: Any, tmp_path: Path
) -> None:
    wire.answer(b"12345")
    with pytest.raises(FileNotFoundError):
        storage.download("nas", "key", VERSION, tmp_path / "no folder" / "local", stop=go_on)


def test_a_result_larger_than_any_the_worker_writes_is_not_read(storage: StorageHandler, wire: Any) -> None:
    wire.answer(b"", headers={"content-length": str(256 * 1024**2 + 1)})
    with pytest.raises(TransientError, match="artifacts/a"):
        storage.get("artifacts/a")


def test_a_time_out_is_an_outage(storage: StorageHandler, wire: Any) -> None:
    wire.breaks(ReadTimeoutError(endpoint_url="http://x"))
    with pytest.raises(UnavailableError):
        storage.get("artifacts/a")


def test_a_forbidden_results_bucket_is_a_misconfiguration(storage: StorageHandler, wire: Any) -> None:
    wire.answer(xml_error("AccessDenied"), status=403)
    with pytest.raises(MisconfiguredError, match="ListBucket"):
        storage.put("artifacts/a", b"x")


def listing(*keys: str, more: bool = False) -> bytes:
    contents = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    token = "<NextContinuationToken>t</NextContinuationToken>" if more else ""
    truncated = str(more).lower()
    return (
        f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{token}{contents}</ListBucketResult>"
    ).encode()


def test_a_prefix_is_deleted_page_after_page(storage: StorageHandler, wire: Any) -> None:
    wire.answer(listing("p/1", "p/2", more=True))
    wire.answer(b"<DeleteResult/>")
    wire.answer(listing("p/3"))
    wire.answer(b"<DeleteResult/>")
    assert storage.delete_prefix("p/") == 3
    assert [request.method for request in wire.requests] == ["GET", "POST", "GET", "POST"]


def test_an_object_that_was_not_deleted_is_reported(storage: StorageHandler, wire: Any) -> None:
    wire.answer(listing("p/1", "p/2"))
    wire.answer(
        b"<DeleteResult><Error><Key>p/2</Key><Code>InternalError</Code><Message>m</Message></Error>"
        b"</DeleteResult>"
    )
    with pytest.raises(UnavailableError, match=r"1 of 2 objects of results, first p/2: InternalError"):
        storage.delete_prefix("p/")
