"""The list of what was not read, the reason it makes, and when a copy may reuse the rest."""

from __future__ import annotations

import pytest

from worker.document.unread import (
    is_final,
    lacks_thumbnail_by_limit,
    reason_of,
    rejected,
    unread_of,
    with_thumbnail,
)
from worker.errors import Code, RejectedError
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource
from worker.sandbox.protocol import PreviewDone

pytestmark = pytest.mark.unit

_WHOLE = Page(number=1, text="text", source=TextSource.OCR)
_LOST = Page(number=2, text="", source=TextSource.TIMED_OUT, reason="timeout")
_CUT = Page(number=3, text="half", source=TextSource.OCR, reason="corrupt", unread=("network_failed",))


def _extraction(*codes: str, pages: tuple[Page, ...] = (_WHOLE,)) -> Extraction:
    unread = unread_of(codes, pages)
    reason, message = reason_of(unread, pages)
    return Extraction(
        file_type=FileType.PDF,
        pages=pages,
        reason=reason.value if reason else None,
        reason_message=message,
        unread=unread,
    )


def test_the_document_comes_before_its_pages_and_each_entry_says_what_would_help() -> None:
    unread = unread_of(["attached_files"], [_WHOLE, _LOST, _CUT])
    assert [(each.page, each.code) for each in unread] == [
        (0, "attached_files"),
        (2, "timeout"),
        (3, "corrupt"),
        (3, "network_failed"),
    ]
    assert all(each.help for each in unread)


@pytest.mark.parametrize(
    ("codes", "pages", "reason", "state"),
    [
        ((), (_WHOLE,), None, State.INDEXED),
        (("no_thumbnail",), (_WHOLE,), None, State.INDEXED),
        (("thumbnail_timeout",), (_WHOLE,), None, State.INDEXED),
        (("dynamic_form",), (_WHOLE,), "dynamic_form", State.PARTIAL),
        ((), (_WHOLE, _LOST), "pages_failed", State.PARTIAL),
        ((), (_LOST,), "timeout", State.NO_CONTENT),
        ((), (_CUT,), "corrupt", State.PARTIAL),
    ],
)
def test_a_document_is_partial_by_what_is_not_cosmetic(
    codes: tuple[str, ...], pages: tuple[Page, ...], reason: str | None, state: State
) -> None:
    extraction = _extraction(*codes, pages=pages)
    assert (extraction.reason, extraction.state) == (reason, state)


@pytest.mark.parametrize(
    ("codes", "pages", "final", "draws"),
    [
        ((), (_WHOLE,), True, False),
        (("corrupt",), (_WHOLE,), True, False),
        (("no_thumbnail",), (_WHOLE,), True, False),
        (("thumbnail_timeout",), (_WHOLE,), True, True),
        (("too_many_pages",), (_WHOLE,), False, False),
        ((), (_WHOLE, _LOST), False, False),
        ((), (_CUT,), False, False),
    ],
)
def test_only_a_limit_forbids_reuse(
    codes: tuple[str, ...], pages: tuple[Page, ...], final: bool, draws: bool
) -> None:
    extraction = _extraction(*codes, pages=pages)
    assert (is_final(extraction), lacks_thumbnail_by_limit(extraction)) == (final, draws)


def test_a_result_of_a_version_without_the_list_is_reused_where_it_was_complete() -> None:
    assert is_final(Extraction(file_type=FileType.PDF))
    assert not is_final(Extraction(file_type=FileType.PDF, reason="corrupt"))


def test_a_code_of_another_version_is_said_and_makes_a_general_reason() -> None:
    of_another = Page(number=1, text="text", source=TextSource.OCR, unread=("of_another_version",))
    extraction = _extraction(pages=(of_another,))
    assert extraction.reason == "pages_failed"
    assert extraction.reason_message == "not all read: page 1 (of_another_version)"


def test_a_rejected_file_has_its_code_in_the_list() -> None:
    extraction = rejected(RejectedError("a.pdf: encrypted", code=Code.ENCRYPTED))
    assert [(each.page, each.code) for each in extraction.unread] == [(0, "encrypted")]


@pytest.mark.parametrize(
    ("preview", "codes"),
    [
        (PreviewDone(drawn=True), ["corrupt"]),
        (PreviewDone(drawn=False, code=Code.NO_THUMBNAIL), ["no_thumbnail", "corrupt"]),
        (PreviewDone(drawn=False), ["thumbnail_timeout", "corrupt"]),
    ],
    ids=["drawn", "cannot be drawn", "no end"],
)
def test_another_try_at_the_thumbnail_changes_its_entry_alone(preview: PreviewDone, codes: list[str]) -> None:
    unread = unread_of(["thumbnail_timeout", "corrupt"], ())
    assert [each.code for each in with_thumbnail(unread, preview)] == codes
