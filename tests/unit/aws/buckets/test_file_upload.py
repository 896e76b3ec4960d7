"""Files that become objects: empty and large ones, what outages leave, what happens to them on the disk."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError
from urllib3.response import HTTPResponse

from tests.unit.refusals import refuse
from worker.aws.buckets.file_upload import PART_BYTES, FileUpload, StoredFile
from worker.document.uploads.spool import NewObject, Spool
from worker.errors import JobInterrupted, LocalFaultError, ServiceRefusedError, UnavailableError

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

MIB = 1024**2
_COMPLETED = b"<CompleteMultipartUploadResult><Key>artifacts/a</Key></CompleteMultipartUploadResult>"


@pytest.fixture
def spool(world: World) -> Spool:
    return Spool(world.local_health.work_root)


def _write(spool: Spool, *chunks: bytes, key: str = "artifacts/a") -> StoredFile:
    return spool.write(NewObject(key=key, chunks=chunks))


def _upload(world: World, file: StoredFile) -> FileUpload:
    return world.storage.start_upload(file)


def _go_on() -> None:
    return None


def _calls(world: World, *operations: str) -> list[str]:
    """The names of these S3 calls, from now on."""
    made: list[str] = []
    for operation in operations:
        world.clients.s3.meta.events.register(
            f"before-call.s3.{operation}", lambda operation=operation, **_: made.append(operation)
        )
    return made


def _cut_off(world: World, operation: str, *numbers: int) -> None:
    """Let the calls of these numbers (with botocore's repetitions) never reach S3."""
    count = iter(range(1, 10_000))

    def refuse(**_: Any) -> None:
        if next(count) in numbers:
            raise EndpointConnectionError(endpoint_url="x")

    world.clients.s3.meta.events.register_first(f"before-send.s3.{operation}", refuse)


def test_an_empty_file_becomes_an_empty_object(world: World, spool: Spool) -> None:
    _upload(world, _write(spool)).run(check=_go_on)
    assert world.storage.get("artifacts/a") == b""


@pytest.mark.parametrize("size", [1, PART_BYTES - 1, PART_BYTES])
def test_a_file_of_one_part_is_one_call(world: World, spool: Spool, size: int) -> None:
    calls = _calls(world, "PutObject", "CreateMultipartUpload")
    _upload(world, _write(spool, b"x" * size)).run(check=_go_on)
    assert calls == ["PutObject"]
    assert len(world.storage.get("artifacts/a") or b"") == size


def test_a_file_of_150_mb_goes_in_parts_and_is_never_whole_in_memory(world: World, spool: Spool) -> None:
    def chunks() -> Iterator[bytes]:
        return (bytes([number]) * MIB for number in range(150))

    file = spool.write(NewObject(key="artifacts/a", chunks=chunks()))
    sizes: list[int] = []

    def take(request: Any, **_: Any) -> AWSResponse:
        # moto would keep the parts in memory.
        sizes.append(len(request.body.read()) if hasattr(request.body, "read") else len(request.body))
        return AWSResponse(request.url, 200, cast("Any", {"ETag": '"e"'}), _raw(b""))

    def complete(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, HTTPHeaders(), _raw(_COMPLETED))

    events = cast("Any", world.clients.s3.meta.events)
    events.register_first("before-send.s3.UploadPart", take)
    events.register_first("before-send.s3.CompleteMultipartUpload", complete)
    tracemalloc.start()
    _upload(world, file).run(check=_go_on)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(sizes) == 30
    # botocore frames each with a checksum.
    assert max(sizes) < PART_BYTES + 1_000
    assert peak < 5 * PART_BYTES


def _raw(body: bytes) -> HTTPResponse:
    return HTTPResponse(io.BytesIO(body), preload_content=False)


def test_an_upload_goes_on_after_the_part_that_arrived_last(world: World, spool: Spool) -> None:
    file = _write(spool, b"a" * PART_BYTES, b"b" * PART_BYTES, b"c")
    upload = _upload(world, file)
    calls = _calls(world, "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
    # botocore repeats a call twice.
    _cut_off(world, "UploadPart", 2, 3, 4)
    with pytest.raises(UnavailableError, match="artifacts/a"):
        upload.run(check=_go_on)
    upload.run(check=_go_on)
    assert calls == [
        "CreateMultipartUpload",
        *["UploadPart"] * 2,
        *["UploadPart"] * 2,
        "CompleteMultipartUpload",
    ]
    assert world.storage.get("artifacts/a") == b"a" * PART_BYTES + b"b" * PART_BYTES + b"c"


def test_an_upload_whose_parts_are_gone_begins_again(world: World, spool: Spool) -> None:
    upload = _upload(world, _write(spool, b"a" * PART_BYTES, b"b"))
    # As after the answer of a completion that was lost: S3 knows the upload no more.
    gone = refuse(world, "s3", "CompleteMultipartUpload", status=404, code="NoSuchUpload")
    with gone, pytest.raises(UnavailableError, match="parts are gone"):
        upload.run(check=_go_on)
    upload.run(check=_go_on)
    assert world.storage.get("artifacts/a") == b"a" * PART_BYTES + b"b"


def test_an_upload_that_is_given_up_leaves_no_parts(world: World, spool: Spool) -> None:
    upload = _upload(world, _write(spool, b"a" * PART_BYTES, b"b"))
    checks = iter([None])

    def stop_at_the_second() -> None:
        if next(checks, JobInterrupted) is JobInterrupted:
            raise JobInterrupted("the worker stops")

    with pytest.raises(JobInterrupted):
        upload.run(check=stop_at_the_second)
    assert world.clients.s3.list_multipart_uploads(Bucket="results")["Uploads"]
    upload.abort()
    assert "Uploads" not in world.clients.s3.list_multipart_uploads(Bucket="results")
    upload.abort()


def test_a_file_that_was_removed_is_a_fault_of_this_machine(world: World, spool: Spool) -> None:
    file = _write(spool, b"x")
    Path(file.path).unlink()
    with pytest.raises(
        LocalFaultError, match=r"was removed before it was uploaded to s3://results/artifacts/a"
    ):
        _upload(world, file).run(check=_go_on)


@pytest.mark.parametrize("data", [b"", b"y", b"xy"])
def test_a_file_that_was_altered_is_not_uploaded(world: World, spool: Spool, data: bytes) -> None:
    file = _write(spool, b"x")
    Path(file.path).write_bytes(data)
    with pytest.raises(LocalFaultError, match="was altered"):
        _upload(world, file).run(check=_go_on)
    assert world.storage.get("artifacts/a") is None


def test_a_file_that_cannot_be_read_is_a_fault_of_this_machine(world: World, spool: Spool) -> None:
    file = _write(spool, b"x")
    Path(file.path).unlink()
    Path(file.path).mkdir()
    with pytest.raises(LocalFaultError, match="cannot be read"):
        _upload(world, file).run(check=_go_on)


def test_a_bucket_that_is_missing_is_a_misconfiguration(world: World, spool: Spool) -> None:
    upload = FileUpload(world.clients.s3, "none", _write(spool, b"x"))
    with pytest.raises(ServiceRefusedError, match="CIS_RESULTS_BUCKET"):
        upload.run(check=_go_on)
