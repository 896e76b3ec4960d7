"""StorageHandler against two servers of S3."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from worker.aws.clients import Clients
from worker.aws.storage_handler import StorageHandler
from worker.errors import (
    Code,
    JobInterrupted,
    MisconfiguredError,
    ObjectChangedError,
    ObjectGoneError,
    SourceRefusedError,
)

pytestmark = pytest.mark.integration
SERVERS = ("moto", "localstack")

KEY = "報告書/a b+c%20.pdf"


def go_on() -> None:
    """A `stop` that never stops."""


def put(clients: Clients, bucket: str, data: bytes, key: str = KEY) -> None:
    clients.s3.put_object(Bucket=bucket, Key=key, Body=data)


def test_a_head_returns_version_size_and_original_path(
    storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    storage.upload(source, KEY, file, metadata={"original-path": "営業/第1四半期 100%.pdf"})
    version = storage.head(source, KEY)
    assert version.size_bytes == 5
    assert version.original_path == "営業/第1四半期 100%.pdf"
    assert version.version == f"{version.etag}-5"


def test_a_file_without_a_known_path_has_none(clients: Clients, storage: StorageHandler, source: str) -> None:
    put(clients, source, b"x")
    assert storage.head(source, KEY).original_path is None


def test_a_missing_object_is_gone(storage: StorageHandler, source: str) -> None:
    with pytest.raises(ObjectGoneError, match="not-there"):
        storage.head(source, "not-there")


def test_a_missing_source_bucket_that_never_answered_counts_as_a_failure(
    storage: StorageHandler, name: str
) -> None:
    with pytest.raises(SourceRefusedError, match=name) as caught:
        storage.head(f"{name}-none", "key")
    assert (caught.value.code, caught.value.counts_as_failure) == (Code.SOURCE_MISSING, True)


def test_a_download_is_written_and_hashed(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    data = os.urandom(3 * 1024**2 + 17)
    put(clients, source, data)
    version = storage.head(source, KEY)
    local = storage.download(source, KEY, version, tmp_path / "local", stop=go_on)
    assert (tmp_path / "local").read_bytes() == data
    assert local.path == str(tmp_path / "local")
    assert local.sha256 == hashlib.sha256(data).hexdigest()
    assert local.version == version


def test_an_empty_object_is_downloaded(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    put(clients, source, b"")
    local = storage.download(source, KEY, storage.head(source, KEY), tmp_path / "local", stop=go_on)
    assert Path(local.path).read_bytes() == b""


def test_an_object_overwritten_since_the_head_is_not_read(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    put(clients, source, b"one")
    version = storage.head(source, KEY)
    put(clients, source, b"two")
    with pytest.raises(ObjectChangedError):
        storage.download(source, KEY, version, tmp_path / "local", stop=go_on)
    assert list(tmp_path.iterdir()) == []


def test_in_a_versioned_bucket_the_version_of_the_head_is_read(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    clients.s3.put_bucket_versioning(Bucket=source, VersioningConfiguration={"Status": "Enabled"})
    put(clients, source, b"one")
    first = storage.head(source, KEY)
    put(clients, source, b"two")
    storage.download(source, KEY, first, tmp_path / "local", stop=go_on)
    assert (tmp_path / "local").read_bytes() == b"one"
    assert storage.head(source, KEY, version_id=first.version_id) == first
    assert storage.head(source, KEY).version != first.version


def test_an_object_deleted_since_the_head_is_gone(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    put(clients, source, b"one")
    version = storage.head(source, KEY)
    storage.delete(source, KEY)
    with pytest.raises(ObjectGoneError):
        storage.download(source, KEY, version, tmp_path / "local", stop=go_on)


def test_a_stop_ends_a_download_between_chunks_and_leaves_no_file(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    put(clients, source, bytes(4 * 1024**2))
    version = storage.head(source, KEY)
    calls: list[int] = []

    def stop_at_the_third() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise JobInterrupted("the machine is interrupted")

    with pytest.raises(JobInterrupted):
        storage.download(source, KEY, version, tmp_path / "local", stop=stop_at_the_third)
    assert len(calls) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("size_mb", "parts"), [(10, 2), (11, 3)])
def test_a_large_file_goes_up_in_parts(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path, size_mb: int, parts: int
) -> None:
    data = os.urandom(size_mb * 1024**2)
    file = tmp_path / "large"
    file.write_bytes(data)
    storage.upload(source, KEY, file, content_type="application/pdf")
    found = clients.s3.get_object(Bucket=source, Key=KEY)
    assert found["ETag"].strip('"').endswith(f"-{parts}")
    assert found["ContentType"] == "application/pdf"
    assert found["Body"].read() == data


def test_a_small_file_goes_up_in_one_piece(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    (tmp_path / "small").write_bytes(b"small")
    storage.upload(source, KEY, tmp_path / "small")
    assert "-" not in clients.s3.head_object(Bucket=source, Key=KEY)["ETag"]


def test_uploading_to_a_missing_results_bucket_is_a_misconfiguration(
    clients: Clients, name: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(bytes(6 * 1024**2))
    storage = StorageHandler(clients.s3, results_bucket=f"{name}-none")
    with pytest.raises(MisconfiguredError, match="CIS_RESULTS_BUCKET"):
        storage.upload(f"{name}-none", KEY, tmp_path / "file")


def test_what_is_put_can_be_got(clients: Clients, storage: StorageHandler, results: str) -> None:
    storage.put("artifacts/ab/pdf", b"{}", content_type="application/json")
    assert storage.get("artifacts/ab/pdf") == b"{}"
    assert clients.s3.head_object(Bucket=results, Key="artifacts/ab/pdf")["ContentType"] == "application/json"


def test_a_missing_result_is_none(storage: StorageHandler) -> None:
    assert storage.get("artifacts/none") is None


@pytest.mark.parametrize("call", ["put", "get", "delete_prefix"])
def test_a_missing_results_bucket_is_a_misconfiguration(clients: Clients, name: str, call: str) -> None:
    storage = StorageHandler(clients.s3, results_bucket=f"{name}-none")
    actions: dict[str, Callable[[], object]] = {
        "put": lambda: storage.put("key", b"data"),
        "get": lambda: storage.get("key"),
        "delete_prefix": lambda: storage.delete_prefix("key"),
    }
    with pytest.raises(MisconfiguredError, match="CIS_RESULTS_BUCKET"):
        actions[call]()


def test_deleting_twice_is_fine(clients: Clients, storage: StorageHandler, source: str) -> None:
    put(clients, source, b"x")
    storage.delete(source, KEY)
    storage.delete(source, KEY)
    with pytest.raises(ObjectGoneError):
        storage.head(source, KEY)


def test_a_prefix_is_deleted_with_all_below_and_nothing_else(storage: StorageHandler) -> None:
    for number in range(3):
        storage.put(f"checkpoints/a/{number}", b"x")
    storage.put("checkpoints/ab", b"x")
    assert storage.delete_prefix("checkpoints/a/") == 3
    assert storage.delete_prefix("checkpoints/a/") == 0
    assert storage.get("checkpoints/ab") == b"x"


def test_the_keys_under_a_prefix_are_listed_in_order(storage: StorageHandler) -> None:
    for key in ("artifacts/b", "artifacts/a", "thumbnails/a"):
        storage.put(key, b"x")
    assert storage.keys("artifacts/") == ["artifacts/a", "artifacts/b"]
    assert storage.keys("vectors/") == []


def test_an_empty_prefix_is_refused(storage: StorageHandler) -> None:
    with pytest.raises(ValueError, match="whole results bucket"):
        storage.delete_prefix("")


@pytest.mark.parametrize("size_bytes", [10, 6 * 1024**2])
def test_a_copy_has_the_same_bytes(
    clients: Clients, storage: StorageHandler, source: str, results: str, size_bytes: int
) -> None:
    data = os.urandom(size_bytes)
    put(clients, source, data)
    storage.copy(source, KEY, results, "copies/a")
    assert storage.get("copies/a") == data


def test_copying_a_missing_object_raises_object_gone(
    storage: StorageHandler, source: str, results: str
) -> None:
    with pytest.raises(ObjectGoneError):
        storage.copy(source, "not-there", results, "copies/a")


def test_a_presigned_url_can_be_fetched_by_anybody(
    clients: Clients, storage: StorageHandler, source: str
) -> None:
    put(clients, source, b"content")
    url = storage.presigned_url(source, KEY)
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert requests.get(url, timeout=10).content == b"content"


def test_an_upload_in_parts_is_hashed_like_any_other(
    clients: Clients, storage: StorageHandler, source: str, tmp_path: Path
) -> None:
    data = os.urandom(6 * 1024**2)
    clients.s3.upload_fileobj(io.BytesIO(data), source, KEY)
    local = storage.download(source, KEY, storage.head(source, KEY), tmp_path / "local", stop=go_on)
    assert local.sha256 == hashlib.sha256(data).hexdigest()


def test_keys_are_those_below_the_prefix_in_their_order(storage: StorageHandler) -> None:
    for key in ("a/2", "a/1", "ab/3"):
        storage.put(key, b"x")
    assert storage.keys("a/") == ["a/1", "a/2"]
    assert storage.keys("c/") == []
