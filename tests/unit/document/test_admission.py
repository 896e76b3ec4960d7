"""Objects that are rejected before their download."""

from __future__ import annotations

import pytest

from worker.document.admission import require_readable
from worker.errors import Code, RejectedError
from worker.models.file import ObjectVersion

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("size_bytes", "is_archived", "code"),
    [(0, False, Code.EMPTY), (101, False, Code.TOO_LARGE), (100, True, Code.ARCHIVED), (100, False, None)],
)
def test_what_cannot_or_must_not_be_downloaded_is_rejected_by_its_name(
    size_bytes: int, code: Code | None, *, is_archived: bool
) -> None:
    version = ObjectVersion(etag="v", size_bytes=size_bytes, is_archived=is_archived)
    if code is None:
        require_readable("a.pdf", version, max_bytes=100)
        return
    with pytest.raises(RejectedError, match=r"a\.pdf") as caught:
        require_readable("a.pdf", version, max_bytes=100)
    assert caught.value.code is code
