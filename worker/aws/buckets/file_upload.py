"""FileUpload: one file to one object of the results bucket, in parts of 5 MB where it is larger than one.

Never more than one part is in memory, and an upload that an outage ended goes on after the last part that
arrived. The digests of the parts were made when the file was written: what is uploaded is what was written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from worker.aws.translation import ErrorTable, misconfigured, translate_errors
from worker.errors import LocalFaultError, ObjectGoneError, UnavailableError, WorkerError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 5 * 1024**2

RESULTS_ERRORS: ErrorTable = {
    **dict.fromkeys(("404", "NoSuchBucket"), misconfigured("Check CIS_RESULTS_BUCKET.")),
    **dict.fromkeys(
        ("403", "AccessDenied"),
        misconfigured("The role needs GetObject, PutObject, DeleteObject and ListBucket there."),
    ),
    "NoSuchKey": ObjectGoneError,
}
"""What the answers of the results bucket mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A file on disk that is to become an object; `digests` has the SHA-256 of each part of it.

    Thousands of them may wait, so it names the contents and never holds them.
    """

    path: str
    key: str
    content_type: str
    size_bytes: int
    digests: tuple[bytes, ...]


class FileUpload:
    """One upload; `run` may be called again after a TransientError, and goes on where it was."""

    def __init__(self, client: S3Client, bucket: str, file: StoredFile) -> None:
        self._client = client
        self._bucket = bucket
        self._file = file
        self._upload_id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def run(self, *, check: Callable[[], None]) -> None:
        """Upload the file; `check` is called before each part, and may raise to end it.

        Raises LocalFaultError when the file is gone or is not what was written.
        """
        with self._local_faults():
            file = Path(self._file.path).open("rb")  # noqa: SIM115  (errors of the network are no local ones)
        with file, translate_errors(f"write {self._url}", RESULTS_ERRORS):
            if len(self._file.digests) == 1:
                check()
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._file.key,
                    Body=self._part(file, 0),
                    ContentType=self._file.content_type,
                )
            else:
                self._run_parts(file, check)

    def abort(self) -> None:
        """Remove the parts of an upload that is not continued; the bucket's rule removes what is left."""
        if self._upload_id is None:
            return
        with suppress(WorkerError), translate_errors(f"abort the upload of {self._url}", RESULTS_ERRORS):
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=self._file.key, UploadId=self._upload_id
            )
        self._forget_parts()

    @property
    def _url(self) -> str:
        return f"s3://{self._bucket}/{self._file.key}"

    def _run_parts(self, file: IO[bytes], check: Callable[[], None]) -> None:
        bucket, key, client = self._bucket, self._file.key, self._client
        if self._upload_id is None:
            created = client.create_multipart_upload(
                Bucket=bucket, Key=key, ContentType=self._file.content_type
            )
            self._upload_id = created["UploadId"]
        upload_id = self._upload_id
        try:
            while len(self._parts) < len(self._file.digests):
                check()
                number = len(self._parts) + 1
                sent = client.upload_part(
                    Bucket=bucket,
                    Key=key,
                    UploadId=upload_id,
                    PartNumber=number,
                    Body=self._part(file, number - 1),
                )
                self._parts.append({"ETag": sent["ETag"], "PartNumber": number})
            client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": self._parts}
            )
        except client.exceptions.NoSuchUpload as error:
            # Completed by a request whose answer was lost, or removed by a rule: begin another.
            self._forget_parts()
            raise UnavailableError(f"Could not write {self._url}: its parts are gone.") from error

    def _part(self, file: IO[bytes], number: int) -> bytes:
        with self._local_faults():
            file.seek(number * PART_BYTES)
            data = file.read(PART_BYTES)
        if hashlib.sha256(data).digest() != self._file.digests[number]:
            raise LocalFaultError(
                f"{self._file.path} was altered before it was uploaded to {self._url}; the document is read "
                "again"
            )
        return data

    def _forget_parts(self) -> None:
        self._upload_id, self._parts = None, []

    @contextmanager
    def _local_faults(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise LocalFaultError(
                f"{self._file.path} was removed before it was uploaded to {self._url}; the document is read "
                "again"
            ) from error
        except OSError as error:
            raise LocalFaultError(f"{self._file.path} cannot be read: {error.strerror}") from error
