"""What the headers of an S3 object say: its version, its dates, where it came from and who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from worker.models.file import ObjectVersion
from worker.models.metadata import epoch_time, read_groups, read_time, to_time

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, HeadObjectOutputTypeDef, TagTypeDef

GROUPS = "cis-groups"
"""The tag, and the metadata, that name who may see a file."""
MODIFIED = "cis-modified"
"""The metadata by which a mirror keeps when the file itself was modified, in ISO 8601."""

_MODIFIED_S = "mtime"  # the same as rclone and s3fs write it: in seconds since 1970
_ORIGINAL_PATH = "original-path"
# Glacier Instant Retrieval (GLACIER_IR) is not among them: its objects are read like any other.
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_RESTORE_COMPLETED = 'ongoing-request="false"'


def to_version(head: HeadObjectOutputTypeDef | GetObjectOutputTypeDef) -> ObjectVersion:
    """The version that a HEAD or GET answered for."""
    metadata = head["Metadata"]
    return ObjectVersion(
        etag=head["ETag"],
        size_bytes=head["ContentLength"],
        version_id=head.get("VersionId"),
        original_path=unquote(metadata.get(_ORIGINAL_PATH, "")) or None,
        is_archived=_is_archived(head),
        last_modified=_modified(metadata) or to_time(head.get("LastModified")),
        groups=read_groups(unquote(metadata.get(GROUPS, ""))),
        # S3 counts them for those only who may read them.
        tags=int(head.get("TagCount") or 0),
    )


def groups_of_tags(tags: Iterable[TagTypeDef]) -> tuple[str, ...]:
    """The groups that an object's tags name."""
    return next((read_groups(tag["Value"]) for tag in tags if tag["Key"] == GROUPS), ())


def _modified(metadata: Mapping[str, str]) -> str:
    if stored := read_time(unquote(metadata.get(MODIFIED, ""))):
        return stored
    try:
        return epoch_time(float(metadata[_MODIFIED_S]))
    except (KeyError, ValueError):
        return ""


def _is_archived(head: HeadObjectOutputTypeDef | GetObjectOutputTypeDef) -> bool:
    # ArchiveStatus: one of the archive tiers of Intelligent-Tiering.
    is_stored_away = head.get("StorageClass") in _ARCHIVES or bool(head.get("ArchiveStatus"))
    return is_stored_away and _RESTORE_COMPLETED not in head.get("Restore", "")
