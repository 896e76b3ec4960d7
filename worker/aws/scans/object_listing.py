"""ObjectListing: the objects of a bucket in the order of their keys, with the version the worker would see.

A plain listing names no VersionId. Where the bucket is versioned its versions are listed instead, so that a
file compares by the same `version` that a worker computes from HEAD.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from worker.aws.answers.source_errors import SOURCE
from worker.aws.translation import ErrorTable, misconfigured, translate_errors
from worker.errors import UnavailableError
from worker.models.file import ObjectVersion
from worker.resilience.error_classification import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsRequestTypeDef

_FORBIDDEN = ("403", "AccessDenied", "AllAccessDisabled", "NotImplemented")
_BATCH = 1_000
_RIGHTS: ErrorTable = {
    **SOURCE,
    "AccessDenied": misconfigured(
        "The role needs s3:ListBucket there, and s3:ListBucketVersions where the bucket is versioned."
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedObject:
    """One object as a listing shows it; `etag` has its quotation marks, as in the answer to a HEAD."""

    key: str
    etag: str
    size_bytes: int
    modified_at: datetime
    version_id: str | None = None

    @property
    def object_version(self) -> ObjectVersion:
        """What the worker's HEAD would say, as far as a listing does."""
        return ObjectVersion(etag=self.etag, size_bytes=self.size_bytes, version_id=self.version_id)

    @property
    def version(self) -> str:
        """See ObjectVersion."""
        return self.object_version.version

    @property
    def is_folder_marker(self) -> bool:
        """Whether the object only shows a folder in a console: it is no document."""
        return self.key.endswith("/") and self.size_bytes == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectListing:
    """Lists the objects of one bucket, and deletes some.

    Raises MisconfiguredError, DeadLetterError (no such bucket), UnavailableError or ThrottledError.
    """

    client: S3Client
    bucket: str

    def objects(self, prefix: str, *, after: str = "") -> Iterator[ListedObject]:
        """The current objects under a prefix whose keys come after `after`, in the order of UTF-8."""
        with translate_errors(f"list s3://{self.bucket}/{prefix}*", _RIGHTS):
            if self._is_versioned():
                yield from self._current_versions(prefix, after)
            else:
                yield from self._objects(prefix, after)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects (of the worker's own bucket). Raises UnavailableError when some stay."""
        for start in range(0, len(keys), _BATCH):
            with translate_errors(f"delete objects of {self.bucket}"):
                answer = self.client.delete_objects(
                    Bucket=self.bucket,
                    Delete={
                        "Objects": [{"Key": key} for key in keys[start : start + _BATCH]],
                        "Quiet": True,
                    },
                )
            if errors := answer.get("Errors", []):
                raise UnavailableError(
                    f"Could not delete {len(errors)} objects of {self.bucket}, first {errors[0].get('Key')}: "
                    f"{errors[0].get('Code')}: {errors[0].get('Message')}."
                )

    def _is_versioned(self) -> bool:
        try:
            return "Status" in self.client.get_bucket_versioning(Bucket=self.bucket)
        except ClientError as error:
            # The plain listing does, too: a file whose version it does not name is checked by a HEAD.
            if error_code(error) in _FORBIDDEN:
                return False
            raise

    def _objects(self, prefix: str, after: str) -> Iterator[ListedObject]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, StartAfter=after
        )
        for page in pages:
            for item in page.get("Contents", []):
                yield ListedObject(
                    key=item["Key"],
                    etag=item["ETag"],
                    size_bytes=item["Size"],
                    modified_at=item["LastModified"],
                )

    def _current_versions(self, prefix: str, after: str) -> Iterator[ListedObject]:
        # Not boto3's paginator: it has no way to start after a key.
        request: ListObjectVersionsRequestTypeDef = {"Bucket": self.bucket, "Prefix": prefix}
        if after:
            request["KeyMarker"] = after
        is_last = False
        while not is_last:
            page = self.client.list_object_versions(**request)
            for item in page.get("Versions", []):
                # Some servers answer from the marker on, and not from after it.
                if item["IsLatest"] and item["Key"] != after:
                    yield ListedObject(
                        key=item["Key"],
                        etag=item["ETag"],
                        size_bytes=item["Size"],
                        modified_at=item["LastModified"],
                        version_id=item["VersionId"],
                    )
            is_last = not page["IsTruncated"]
            request["KeyMarker"] = page.get("NextKeyMarker", "")
            request["VersionIdMarker"] = page.get("NextVersionIdMarker", "")
