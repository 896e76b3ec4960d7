"""The document of a file: what its message and its object say, with its content."""

from __future__ import annotations

import pytest

from worker.document.processed_content import ProcessedContent, make_document, no_content
from worker.errors import Code, RejectedError
from worker.models.document import Extraction
from worker.models.file import EventType, FileMessage, FileType, ObjectVersion
from worker.models.ledger import Claim, Job, State

pytestmark = pytest.mark.unit

VERSION = ObjectVersion(etag="e", size_bytes=7, original_path="share/object.pdf")


def job(original_path: str | None) -> Job:
    message = FileMessage(
        event_type=EventType.FILE_UPLOADED, bucket="b", key="k.pdf", original_path=original_path
    )
    claim = Claim(file_id=message.file_id, fence=1, attempt="a", message_id="m")
    return Job(message=message, claim=claim, version=VERSION)


@pytest.mark.parametrize(
    ("original_path", "expected"), [("share/event.pdf", "share/event.pdf"), (None, "share/object.pdf")]
)
def test_the_event_knows_the_path_better_than_the_object(original_path: str | None, expected: str) -> None:
    content = ProcessedContent(extraction=Extraction(file_type=FileType.PDF), thumbnail_key="t")
    document = make_document(job(original_path), VERSION, content)
    assert (document.file_path, document.size_bytes) == (expected, 7)
    # Without a thumbnail there is no key of one.
    assert document.thumbnail_key is None


def test_a_file_that_cannot_be_read_has_its_reason() -> None:
    content = no_content(RejectedError("too many bytes", code=Code.TOO_LARGE))
    document = make_document(job(None), VERSION, content)
    assert (document.state, document.reason, document.reason_message) == (
        State.NO_CONTENT,
        "too_large",
        "too many bytes",
    )
