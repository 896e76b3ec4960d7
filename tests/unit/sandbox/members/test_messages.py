"""Messages about files within a document, checked as they come."""

from __future__ import annotations

import pytest

from worker.models.file import FileType
from worker.sandbox.channel import ProtocolError
from worker.sandbox.members.messages import MAX_PAGES, MemberOpened
from worker.sandbox.protocol import message_from_document_process, to_json

pytestmark = pytest.mark.unit

_OPENED = MemberOpened(pages=3, file_type=FileType.PDF, size_bytes=10, sha256="")


def test_a_message_is_the_same_after_its_way() -> None:
    assert message_from_document_process(to_json(_OPENED)) == _OPENED


@pytest.mark.parametrize(
    "wrong", [{"pages": -1}, {"pages": MAX_PAGES + 1}, {"size_bytes": -1}, {"file_type": "x"}]
)
def test_a_message_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        message_from_document_process(to_json(_OPENED) | wrong)
