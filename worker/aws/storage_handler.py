"""StorageHandler: objects of the source buckets and of the results bucket on S3.

A missing or forbidden source bucket never stops the worker: the SourceGate decides about its refusals. The
results bucket is the worker's own: when it stays missing or forbidden, the worker stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from boto3.s3.transfer import TransferConfig

from worker.aws.answers.source_errors import SOURCE, SourceCall, report_answers
from worker.aws.buckets.file_upload import PART_BYTES, RESULTS_ERRORS, FileUpload, StoredFile
from worker.aws.buckets.object_metadata import groups_of_tags, to_version
from worker.aws.content_encoding import save_body
from worker.aws.translation import ErrorTable, translate_errors
from worker.errors import ObjectGoneError, TransientError, UnavailableError
from worker.models.file import LocalFile, ObjectVersion, OpenObject
from worker.resilience.error_classification import classify_response
from worker.resilience.source_gate import Access, SourceGate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        GetObjectRequestTypeDef,
        HeadObjectRequestTypeDef,
    )

_TRANSFER = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4)
_LARGEST_RESULT_BYTES = 256 * 1024**2
_PRESIGNED_S = 900


class StorageHandler:
    """Reads objects of the source buckets by version, and reads and writes those of the results bucket.

    Every method raises UnavailableError or ThrottledError when S3 is unavailable, and ServiceRefusedError
    when the results bucket is missing or forbidden. `sources` decides about the refusals of the source
    buckets, and says which files may be started.
    """

    def __init__(self, client: S3Client, *, results_bucket: str, sources: SourceGate | None = None) -> None:
        self._client = client
        self._results_bucket = results_bucket
        self.sources = sources or SourceGate()

    @property
    def results_bucket(self) -> str:
        """The name of the results bucket."""
        return self._results_bucket

    def head(self, bucket: str, key: str, *, version_id: str | None = None) -> ObjectVersion:
        """Read an object's version, size, original path, and whether it is archived.

        Raises ObjectGoneError when there is no such key, SourceRefusedError when it, or its bucket, is
        missing or forbidden.
        """
        request: HeadObjectRequestTypeDef = {"Bucket": bucket, "Key": key}
        if version_id:
            request["VersionId"] = version_id
        try:
            with self._source(bucket, key, Access.HEAD, f"read the metadata of {_url(bucket, key)}"):
                head = self._client.head_object(**request)
        except ObjectGoneError:
            # The 404 of a HEAD does not say whether the key or the bucket is missing.
            with self._source(bucket, None, Access.HEAD, f"read the metadata of bucket {bucket}"):
                self._client.head_bucket(Bucket=bucket)
            raise
        return to_version(head)

    def with_groups(self, bucket: str, key: str, version: ObjectVersion) -> ObjectVersion:
        """The version with the groups of the object's tags, where it has tags and they name any.

        Raises as `head` does: who may not read a file must not find it because a tag could not be read.
        """
        if not version.tags:
            return version
        with self._source(bucket, key, Access.HEAD, f"read the tags of {_url(bucket, key)}"):
            tags = self._client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        return replace(version, groups=groups_of_tags(tags) or version.groups)

    def open(self, bucket: str, key: str, *, version: ObjectVersion | None = None) -> OpenObject:
        """Open an object for reading, or exactly this version of it; the caller closes it, or `save` does.

        Raises ObjectChangedError when the object was replaced, ObjectGoneError, RejectedError (archived),
        SourceRefusedError (missing bucket, forbidden).
        """
        # One streamed GET pinned to a version: boto3's transfer manager could join two versions.
        request: GetObjectRequestTypeDef = {"Bucket": bucket, "Key": key}
        # Version `null` was written without versioning and is overwritten in place: only its ETag pins it.
        if version is not None and version.version_id and version.version_id != "null":
            request["VersionId"] = version.version_id
        elif version is not None:
            request["IfMatch"] = version.etag
        what = f"read {_url(bucket, key)}"
        with translate_errors(what), self._source(bucket, key, Access.GET, what):
            response = self._client.get_object(**request)
        return OpenObject(
            bucket=bucket,
            key=key,
            version=version or to_version(response),
            body=response["Body"],
            encoding=response.get("ContentEncoding", ""),
        )

    def save(
        self, opened: OpenObject, path: Path, *, stop: Callable[[], None], max_bytes: int | None = None
    ) -> LocalFile:
        """Write an open object to `path` and close it, hashing it on the way; see `download`."""
        url, version = _url(opened.bucket, opened.key), opened.version
        with ExitStack() as undo, translate_errors(f"read {url}"):
            undo.callback(path.unlink, missing_ok=True)
            sha256, size_bytes = save_body(
                opened.body, path, encoding=opened.encoding, max_bytes=max_bytes, stop=stop
            )
            if size_bytes != version.size_bytes:
                raise UnavailableError(
                    f"Could not read {url}: {size_bytes} of {version.size_bytes} bytes arrived."
                )
            undo.pop_all()
        return LocalFile(path=str(path), sha256=sha256, version=version)

    def download(
        self,
        bucket: str,
        key: str,
        version: ObjectVersion,
        path: Path,
        *,
        stop: Callable[[], None],
        max_bytes: int | None = None,
    ) -> LocalFile:
        """Download exactly this version of an object to `path`, hashing it on the way.

        `Content-Encoding: gzip` is undone, up to `max_bytes`: the hash is of the decoded bytes. `stop` is
        called between chunks of 1 MiB and may raise to end the download. On any error no partial file is
        left. Raises ObjectChangedError when the object was replaced, RejectedError (archived, or damaged or
        too large once decoded), ObjectGoneError, SourceRefusedError (missing bucket, forbidden),
        LocalFaultError (disk full).
        """
        opened = self.open(bucket, key, version=version)
        return self.save(opened, path, stop=stop, max_bytes=max_bytes)

    def upload(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Upload a file, as a multipart upload with parts of 5 MB when it is larger.

        Metadata values may be any text: S3 accepts ASCII only, so they are stored percent-encoded.
        """
        encoded = {name: quote(value) for name, value in (metadata or {}).items()}
        with path.open("rb") as file, translate_errors(f"upload {_url(bucket, key)}", self._table(bucket)):
            self._client.upload_fileobj(
                file,
                bucket,
                key,
                ExtraArgs={"ContentType": content_type, "Metadata": encoded},
                Config=_TRANSFER,
            )

    def put(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Write one object of the results bucket."""
        with translate_errors(f"write {_url(self._results_bucket, key)}", RESULTS_ERRORS):
            self._client.put_object(Bucket=self._results_bucket, Key=key, Body=data, ContentType=content_type)

    def start_upload(self, file: StoredFile) -> FileUpload:
        """The upload of a file to the results bucket, which its `run` does."""
        return FileUpload(self._client, self._results_bucket, file)

    def get(self, key: str, *, max_bytes: int = _LARGEST_RESULT_BYTES) -> bytes | None:
        """Read one object of the results bucket, None when there is none.

        Raises TransientError when it is larger than anything this worker writes there.
        """
        url = _url(self._results_bucket, key)
        try:
            with translate_errors(f"read {url}", RESULTS_ERRORS):
                response = self._client.get_object(Bucket=self._results_bucket, Key=key)
                with closing(response["Body"]) as body:
                    # Before the body is read: it would be held in memory.
                    if response["ContentLength"] > max_bytes:
                        raise TransientError(
                            f"Could not read {url}: {response['ContentLength']} bytes are more than "
                            f"{max_bytes}. Remove this object; no worker wrote it."
                        )
                    return body.read()
        except ObjectGoneError:
            return None

    def keys(self, prefix: str) -> list[str]:
        """The keys of the results bucket that begin with `prefix`, in lexicographic order."""
        with translate_errors(f"list {_url(self._results_bucket, prefix)}*", RESULTS_ERRORS):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._results_bucket, Prefix=prefix
            )
            return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; deleting one that does not exist succeeds."""
        with translate_errors(f"delete {_url(bucket, key)}", self._table(bucket)):
            self._client.delete_object(Bucket=bucket, Key=key)

    def delete_prefix(self, prefix: str) -> int:
        """Delete all objects of the results bucket under a prefix; returns their number.

        Raises UnavailableError when S3 could not delete some of them.
        """
        if not prefix:
            raise ValueError("an empty prefix would delete the whole results bucket")
        count = 0
        with translate_errors(f"delete {_url(self._results_bucket, prefix)}*", RESULTS_ERRORS):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._results_bucket, Prefix=prefix
            )
            for page in pages:
                keys = [item["Key"] for item in page.get("Contents", [])]
                if keys:
                    self._delete_keys(keys)
                count += len(keys)
        return count

    # Bound by the specification; the worker itself does not call the following three.

    def copy(self, source_bucket: str, source_key: str, bucket: str, key: str) -> None:
        """Copy an object inside S3, in parts when it is larger than 5 MB.

        Raises ObjectGoneError or DeadLetterError for the source.
        """
        what = f"copy {_url(source_bucket, source_key)} to {_url(bucket, key)}"
        with translate_errors(what, self._table(source_bucket)):
            self._client.copy(
                CopySource={"Bucket": source_bucket, "Key": source_key},
                Bucket=bucket,
                Key=key,
                Config=_TRANSFER,
            )

    def presigned_url(self, bucket: str, key: str, *, expires_s: int = _PRESIGNED_S) -> str:
        """A URL that lets anybody who has it read the object for `expires_s` seconds."""
        with translate_errors(f"presign {_url(bucket, key)}"):
            return self._client.generate_presigned_url(
                "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=expires_s
            )

    @staticmethod
    def should_retry_error(code: str) -> bool:
        """Whether the same request may succeed later, by S3's error code (or HTTP status)."""
        return classify_response(code).is_retryable

    def _table(self, bucket: str) -> ErrorTable:
        return RESULTS_ERRORS if bucket == self._results_bucket else SOURCE

    def _source(
        self, bucket: str, key: str | None, access: Access, what: str
    ) -> AbstractContextManager[None]:
        return report_answers(self.sources, SourceCall(bucket=bucket, key=key, access=access, what=what))

    def _delete_keys(self, keys: list[str]) -> None:
        response = self._client.delete_objects(
            Bucket=self._results_bucket,
            Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
        )
        errors = response.get("Errors", [])
        if errors:
            first = errors[0]
            raise UnavailableError(
                f"Could not delete {len(errors)} of {len(keys)} objects of {self._results_bucket}, first "
                f"{first.get('Key')}: {first.get('Code')}: {first.get('Message')}."
            )


def _url(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"
