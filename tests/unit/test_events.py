"""Every envelope of the queue: valid, invalid and hostile."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.event_bodies import ENVELOPES, KEYS, eventbridge, in_sns, native, nested, record
from worker import events
from worker.errors import Code, DeadLetterError
from worker.models.file import EventType, FileMessage

pytestmark = pytest.mark.unit

UPLOADED, DELETED = EventType.FILE_UPLOADED, EventType.FILE_DELETED


def parse(body: str, *, source_buckets: tuple[str, ...] = ()) -> tuple[FileMessage, ...]:
    """The files of a body in which no record is odd."""
    parsed = events.parse(body, source_buckets=source_buckets)
    assert parsed.rejected == ()
    return parsed.files


def test_a_native_upload_keeps_all_its_fields() -> None:
    body = native(
        fileSize=1024,
        uploadedAt="2025-04-01T09:30:00Z",
        metadata={"mimeType": "application/pdf", "originalPath": "/営業/報告書.pdf"},
    )
    assert parse(json.dumps(body)) == (
        FileMessage(
            event_type=UPLOADED,
            bucket="nas",
            key="a.pdf",
            size_bytes=1024,
            uploaded_at="2025-04-01T09:30:00Z",
            mime_type="application/pdf",
            original_path="/営業/報告書.pdf",
        ),
    )


def test_an_s3_record_keeps_all_its_fields() -> None:
    body = {"Records": [record(key="a+b.pdf", size=7, versionId="v1", sequencer="00AB", eTag="e")]}
    assert parse(json.dumps(body)) == (
        FileMessage(
            event_type=UPLOADED,
            bucket="nas",
            key="a b.pdf",
            size_bytes=7,
            uploaded_at="2025-04-01T09:30:00.000Z",
            version_id="v1",
            sequencer="00AB",
        ),
    )


def test_an_eventbridge_event_keeps_all_its_fields() -> None:
    body = eventbridge(key="a+b.pdf", size=7, **{"version-id": "v1", "sequencer": "00AB", "etag": "e"})
    assert parse(json.dumps(body)) == (
        FileMessage(
            event_type=UPLOADED,
            bucket="nas",
            key="a+b.pdf",
            size_bytes=7,
            uploaded_at="2025-04-01T09:30:00Z",
            version_id="v1",
            sequencer="00AB",
        ),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {"mimeType": "text/plain", "originalPath": "/a"}},
        {"metadata": {"mime_type": "text/plain", "original_path": "/a"}},
        {"metadata": {"mime_type": "text/plain"}, "originalPath": "/a"},
        {"metadata": {"mimeType": "text/plain", "originalPath": ""}, "original_path": "/a"},
        {"metadata": {"mimeType": "text/plain", "originalPath": "/a"}, "originalPath": "/other"},
    ],
)
def test_both_spellings_and_places_of_the_metadata_are_read(fields: dict[str, object]) -> None:
    (file,) = parse(json.dumps(native(**fields)))
    assert (file.mime_type, file.original_path) == ("text/plain", "/a")


@pytest.mark.parametrize("metadata", [None, {}, {"mimeType": None, "originalPath": ""}, {"owner": "sales"}])
def test_metadata_may_be_absent(metadata: object) -> None:
    (file,) = parse(json.dumps(native(metadata=metadata)))
    assert (file.mime_type, file.original_path, file.display_path) == (None, None, "a.pdf")


@pytest.mark.parametrize(
    "time", ["2025-04-01T09:30:00+09:00", "2025-04-01T09:30:00", "2025-04-01T00:00:00.5Z"]
)
def test_iso_8601_times_are_accepted(time: str) -> None:
    assert parse(json.dumps(native(uploadedAt=time)))[0].uploaded_at == time


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        (native(), [UPLOADED]),
        (native(fileSize=0), [UPLOADED]),
        (native(eventType="FILE_DELETED"), [DELETED]),
        ({"Records": [record(name="ObjectCreated:CompleteMultipartUpload")]}, [UPLOADED]),
        ({"Records": [record(name="s3:ObjectCreated:Copy")]}, [UPLOADED]),
        ({"Records": [record(name="ObjectRemoved:Delete")]}, [DELETED]),
        ({"Records": [record(name="ObjectRemoved:DeleteMarkerCreated")]}, [DELETED]),
        ({"Records": [record(name="LifecycleExpiration:Delete")]}, [DELETED]),
        (
            {"Records": [record(), record(name="ObjectRemoved:Delete"), record()]},
            [UPLOADED, DELETED, UPLOADED],
        ),
        (eventbridge(), [UPLOADED]),
        (eventbridge(kind="Object Deleted"), [DELETED]),
        ({"Records": [record(name="ObjectTagging:Put")]}, [UPLOADED]),
        (eventbridge(kind="Object Tags Deleted"), [UPLOADED]),
        (in_sns(native()), [UPLOADED]),
        (in_sns({"Records": [record(), record()]}), [UPLOADED, UPLOADED]),
        (in_sns(eventbridge(kind="Object Deleted")), [DELETED]),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "nas"}, []),
        (in_sns({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "nas"}), []),
    ],
)
def test_each_form_has_its_event_types(body: object, kinds: list[EventType]) -> None:
    assert [file.event_type for file in parse(json.dumps(body))] == kinds


def test_a_move_is_an_upload_of_the_new_key_and_a_delete_of_the_old() -> None:
    body = native(eventType="FILE_MOVED", s3Key="new.pdf", previousS3Key="old.pdf", fileSize=5)
    assert parse(json.dumps(body)) == (
        FileMessage(event_type=UPLOADED, bucket="nas", key="new.pdf", size_bytes=5, previous_key="old.pdf"),
        FileMessage(event_type=DELETED, bucket="nas", key="old.pdf"),
    )


def test_a_move_onto_itself_deletes_nothing() -> None:
    files = parse(json.dumps(native(eventType="FILE_MOVED", previousS3Key="a.pdf")))
    assert [(file.event_type, file.key) for file in files] == [(UPLOADED, "a.pdf")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ('{"eventType": "FILE_UPLOADED"', "not JSON"),
        ("\ud800", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (nested(5_000), "not JSON"),
        ('{"eventType":"FILE_UPLOADED","s3Bucket":"nas","s3Key":"a","fileSize":NaN}', "not JSON"),
        ('{"eventType":"FILE_UPLOADED","s3Bucket":"nas","s3Key":"\\ud83d"}', "not JSON"),
        ("null", "a JSON object is needed, not None"),
        ("[]", "a JSON object is needed, not []"),
        ('"FILE_UPLOADED"', "a JSON object is needed"),
        ("{}", "none of the known forms"),
        ('{"event": "upload", "key": "a"}', "its fields are ['event', 'key']"),
        ('{"Type": "SubscriptionConfirmation", "Message": "{}"}', "'SubscriptionConfirmation'"),
        ('{"Type": "Notification", "Message": {"eventType": "FILE_UPLOADED"}}', "SNS message"),
        ('{"Type": "Notification", "Message": "hello"}', "not JSON"),
        (json.dumps(in_sns(in_sns(native()))), "SNS message"),
    ],
)
def test_a_body_that_is_no_event_is_rejected_with_its_reason(body: str, reason: str) -> None:
    with pytest.raises(DeadLetterError) as caught:
        parse(body)
    assert caught.value.code is Code.MALFORMED_MESSAGE
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (native(eventType="FILE_RENAMED"), "eventType: "),
        (native(eventType=["FILE_UPLOADED"]), "eventType: "),
        (native(s3Bucket=""), "s3Bucket: "),
        (native(s3Bucket=None), "s3Bucket: "),
        (native(s3Bucket="na\0s"), "s3Bucket: "),
        (native(s3Key=""), "s3Key: is empty"),
        (native(s3Key=5), "s3Key: "),
        (native(s3Key="a\0b"), "s3Key: holds a NUL character"),
        (native(s3Key="営" * 342), "s3Key: is longer than the 1024 bytes"),
        ({"eventType": "FILE_UPLOADED", "s3Bucket": "nas"}, "s3Key: "),
        (native(fileSize=-1), "fileSize: "),
        (native(fileSize="12"), "fileSize: "),
        (native(fileSize=True), "fileSize: "),
        (native(fileSize=1.5), "fileSize: "),
        (native(fileSize=2**63), "fileSize: "),
        (native(uploadedAt="yesterday"), "uploadedAt: is no ISO 8601 time"),
        (native(uploadedAt=""), "uploadedAt: is no ISO 8601 time"),
        (native(uploadedAt=1_743_499_800), "uploadedAt: "),
        (native(metadata="pdf"), "metadata: Input should be a valid dictionary"),
        (native(metadata={"mimeType": 5}), "metadata.mimeType: "),
        (native(eventType="FILE_MOVED", s3Bucket="", previousS3Key="b"), "s3Bucket: "),
        (native(eventType="FILE_MOVED", s3Key="", previousS3Key="\0"), "s3Key: is empty (1 more"),
        ({"Records": []}, "Records: "),
        ({"Records": {}}, "Records: "),
        ({"Records": ["a"]}, "Records.0: "),
        ({"Records": [record(name="ObjectTouched:Put")]}, "Records.0.eventName: 'ObjectTouched:Put'"),
        ({"Records": [record(name="ObjectRestore:Begun")]}, "Records.0.eventName: "),
        ({"Records": [{**record(), "eventName": ["ObjectTagging"]}]}, "Records.0.eventName: "),
        ({"Records": [record(name="ObjectCreatedX:Put")]}, "Records.0.eventName: "),
        ({"Records": [record(key="%FF%FE")]}, "Records.0.s3.object.key: is not UTF-8"),
        ({"Records": [record(key="a%00b")]}, "Records.0.s3.object.key: holds a NUL"),
        ({"Records": [record(key="")]}, "Records.0.s3.object.key: is empty"),
        ({"Records": [record(key=7)]}, "Records.0.s3.object.key: "),
        ({"Records": [record(bucket="")]}, "Records.0.s3.bucket.name: "),
        ({"Records": [record(size=-1)]}, "Records.0.s3.object.size: "),
        ({"Records": [{"eventName": "ObjectCreated:Put"}]}, "Records.0.s3: "),
        (eventbridge(kind="Object Touched"), "detail-type: 'Object Touched'"),
        (eventbridge(key=""), "detail.object.key: is empty"),
        ({"detail-type": "Object Created"}, "detail: "),
    ],
)
def test_an_invalid_event_is_rejected_and_the_reason_names_the_field(body: object, reason: str) -> None:
    for form in (body, in_sns(body)):
        with pytest.raises(DeadLetterError) as caught:
            parse(json.dumps(form))
        assert caught.value.code is Code.MALFORMED_MESSAGE
        assert reason in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"x" * 5_000: 1},
        {"Type": "\x07" * 5_000},
        {"Records": [record(name="営" * 5_000)] * 100},
        native(eventType="FILE_UPLOADED", s3Key="", fileSize=-1, uploadedAt="\n", s3Bucket="\n" * 500),
    ],
)
def test_a_reason_is_one_short_printable_line(body: object) -> None:
    with pytest.raises(DeadLetterError) as caught:
        parse(json.dumps(body))
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("bucket", ["nas", "nas-2"])
def test_a_bucket_on_the_list_is_accepted(bucket: str) -> None:
    assert parse(json.dumps(native(s3Bucket=bucket)), source_buckets=("nas", "nas-2"))


@pytest.mark.parametrize(
    "body",
    [
        native(s3Bucket="else"),
        native(s3Bucket="else", eventType="FILE_DELETED"),
        {"Records": [record(bucket="else"), record(bucket="else")]},
    ],
)
def test_a_bucket_that_is_not_on_the_list_is_rejected(body: object) -> None:
    with pytest.raises(DeadLetterError, match=r"Bucket else .* CIS_SOURCE_BUCKETS") as caught:
        parse(json.dumps(body), source_buckets=("nas",))
    assert caught.value.code is Code.SOURCE_NOT_ALLOWED


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_key_is_the_same_in_every_envelope(envelope: str, key: str) -> None:
    assert parse(json.dumps(ENVELOPES[envelope](key)))[0].key == key


@pytest.mark.parametrize("envelope", ENVELOPES)
@given(
    key=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200)
)
def test_any_key_is_the_same_in_every_envelope(envelope: str, key: str) -> None:
    file = parse(json.dumps(ENVELOPES[envelope](key)))[0]
    assert file.key == key
    assert file.file_id
