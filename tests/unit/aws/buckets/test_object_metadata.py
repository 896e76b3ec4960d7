"""The headers of an object as its version, dates and groups; against moto in test_storage_handler.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from worker.aws.buckets.object_metadata import groups_of_tags, to_version

pytestmark = pytest.mark.unit


def _head(**fields: Any) -> Any:
    when = datetime(2024, 5, 31, 10, 0, 0, 5, tzinfo=UTC)
    return {"ETag": '"e"', "ContentLength": 3, "Metadata": {}, "LastModified": when} | fields


def test_an_object_has_its_date_and_no_groups_by_default() -> None:
    version = to_version(_head())
    assert (version.last_modified, version.groups, version.tags) == ("2024-05-31T10:00:00Z", (), 0)


@pytest.mark.parametrize(
    ("metadata", "date"),
    [
        ({"cis-modified": "2019-04-01T09:00:00+09:00", "mtime": "0"}, "2019-04-01T00:00:00Z"),
        ({"mtime": "1554076800.25"}, "2019-04-01T00:00:00Z"),
        ({"cis-modified": "long ago"}, "2024-05-31T10:00:00Z"),
        ({"mtime": "1e99"}, "2024-05-31T10:00:00Z"),
        ({"mtime": "nan"}, "2024-05-31T10:00:00Z"),
    ],
)
def test_a_mirror_may_keep_the_date_of_the_file(metadata: dict[str, str], date: str) -> None:
    assert to_version(_head(Metadata=metadata)).last_modified == date


def test_metadata_may_name_groups_in_any_script() -> None:
    version = to_version(_head(Metadata={"cis-groups": "%E5%96%B6%E6%A5%AD%E9%83%A8,legal"}, TagCount=2))
    assert (version.groups, version.tags) == (("営業部", "legal"), 2)


def test_the_groups_of_tags_are_those_of_one_tag() -> None:
    assert groups_of_tags([{"Key": "a", "Value": "b"}, {"Key": "cis-groups", "Value": "x/y"}]) == ("x", "y")
    assert groups_of_tags([{"Key": "Cis-Groups", "Value": "x"}]) == ()


def test_only_what_cannot_be_read_now_is_archived() -> None:
    assert to_version(_head(StorageClass="GLACIER")).is_archived
    assert to_version(_head(ArchiveStatus="ARCHIVE_ACCESS")).is_archived
    assert not to_version(_head(StorageClass="GLACIER", Restore='ongoing-request="false"')).is_archived
    assert not to_version(_head(StorageClass="GLACIER_IR")).is_archived
