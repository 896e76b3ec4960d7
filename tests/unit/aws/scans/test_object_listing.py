"""ObjectListing: order, characters, versions, and where it goes on."""

from __future__ import annotations

import pytest

from tests.unit.world import World
from worker.aws.scans.object_listing import ObjectListing
from worker.errors import DeadLetterError, WorkerError

pytestmark = pytest.mark.unit

# U+FFFD sorts before U+1F600 in UTF-8, and after it in UTF-16.
KEYS = ("A", "a b", "a%2Bb", "a+b", "a/", "a/\u00e9", "e\u0301", "営業", "\ufffd", "\U0001f600")


def _listing(world: World) -> ObjectListing:
    return ObjectListing(client=world.clients.s3, bucket=world.bucket)


@pytest.fixture(params=["plain", "versioned"])
def listing(world: World, request: pytest.FixtureRequest) -> ObjectListing:
    """A bucket with awkward keys."""
    if request.param == "versioned":
        world.clients.s3.put_bucket_versioning(
            Bucket=world.bucket, VersioningConfiguration={"Status": "Enabled"}
        )
    for key in reversed(KEYS):
        world.put(key, key.encode())
    return _listing(world)


def test_keys_come_as_they_are_in_the_order_of_utf_8(listing: ObjectListing) -> None:
    keys = [each.key for each in listing.objects("")]
    assert keys == sorted(KEYS, key=str.encode)
    assert [each.key for each in listing.objects("a")] == [key for key in keys if key.startswith("a")]


@pytest.mark.parametrize("after", KEYS)
def test_a_listing_goes_on_after_any_key(listing: ObjectListing, after: str) -> None:
    expected = [key for key in sorted(KEYS, key=str.encode) if key.encode() > after.encode()]
    assert [each.key for each in listing.objects("", after=after)] == expected


def test_the_version_is_that_of_a_head(listing: ObjectListing, world: World) -> None:
    world.put("a+b", b"newer")
    world.clients.s3.delete_object(Bucket=world.bucket, Key="A")
    listed = {each.key: each.version for each in listing.objects("")}
    assert listed == {key: world.storage.head(world.bucket, key).version for key in KEYS if key != "A"}


def test_many_versions_are_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    world.clients.s3.put_bucket_versioning(Bucket=world.bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in "abcdefg":
        for content in (b"1", b"2"):
            world.put(key, content)
    assert "".join(each.key for each in _listing(world).objects("")) == "abcdefg"


def test_a_folder_marker_is_an_empty_object_that_ends_in_a_slash(world: World) -> None:
    for key, data in (("a/", b""), ("b/", b"x"), ("c", b"")):
        world.put(key, data)
    assert [each.is_folder_marker for each in _listing(world).objects("")] == [True, False, False]


def test_a_missing_bucket_is_named(world: World) -> None:
    with pytest.raises(DeadLetterError, match="missing"):
        list(ObjectListing(client=world.clients.s3, bucket="missing").objects(""))


def test_a_delete_that_s3_refuses_is_an_error(world: World) -> None:
    world.put("a")
    _listing(world).delete(["a", "never.txt"])
    assert list(_listing(world).objects("")) == []
    with pytest.raises(WorkerError):
        ObjectListing(client=world.clients.s3, bucket="missing").delete(["a"])
