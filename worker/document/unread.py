"""What was not read of a document: the list, the reason it makes, and whether a copy may reuse the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from worker.errors import UNREAD, Code, RejectedError
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.page import Page
from worker.models.unread import Unread
from worker.runtime.remedies import remedy
from worker.sandbox.protocol import PreviewDone

_MAX_NAMED_PAGES = 20


def unread_of(codes: Iterable[str], pages: Sequence[Page]) -> tuple[Unread, ...]:
    """What the document lacks, then what its pages lack, in their order."""
    found = [(0, code) for code in codes]
    for page in pages:
        lost = [page.reason] if page.reason else []
        found += [(page.number, code) for code in dict.fromkeys((*lost, *page.unread))]
    counts = {page.number: f"{page.message}. " for page in pages if page.reason == Code.TOO_MANY_MEMBERS}
    return tuple(
        Unread(page=page, code=code, help=counts.get(page, "") + remedy(code)) for page, code in found
    )


def rejected(error: RejectedError) -> Extraction:
    """The extraction of a file that cannot be read at all."""
    return Extraction(
        file_type=FileType.UNSUPPORTED,
        reason=error.code.value,
        reason_message=str(error),
        unread=unread_of([error.code.value], ()),
    )


def reason_of(unread: Sequence[Unread], pages: Sequence[Page]) -> tuple[Code | None, str]:
    """The reason and its message for what is missing of a document that was read to its end."""
    lacking = [each for each in unread if not each.is_cosmetic]
    if not lacking:
        return None, ""
    has_failure = any(page.reason and page.source.is_failure for page in pages)
    has_text = any(page.text for page in pages)
    first = lacking[0].code
    # A code that this version does not know may come with the pages of an earlier attempt.
    is_general = first not in UNREAD or (has_failure and has_text)
    reason = Code.PAGES_FAILED if is_general else Code(first)
    paths = {page.number: f" of {page.member_path}" for page in pages if page.member_path}
    names = [
        f"page {each.page}{paths.get(each.page, '')} ({each.code})" if each.page else each.code
        for each in lacking[:_MAX_NAMED_PAGES]
    ]
    more = f" and {len(lacking) - _MAX_NAMED_PAGES} more" if len(lacking) > _MAX_NAMED_PAGES else ""
    return reason, f"not all read: {', '.join(names)}{more}"


def is_final(extraction: Extraction) -> bool:
    """Whether another attempt on the same content would read no more of its text."""
    lacking = [each for each in extraction.unread if not each.is_cosmetic]
    if extraction.reason is not None and not lacking:
        return False  # of a version that kept no list
    return not any(each.is_by_limit for each in lacking)


def lacks_thumbnail_by_limit(extraction: Extraction) -> bool:
    """Whether its thumbnail may be drawn by another attempt."""
    return any(each.is_cosmetic and each.is_by_limit for each in extraction.unread)


def with_thumbnail(unread: tuple[Unread, ...], preview: PreviewDone) -> tuple[Unread, ...]:
    """The list after another try at the thumbnail; as it was where that came to no end."""
    if not preview.drawn and preview.code is None:
        return unread
    codes = [preview.code.value] if preview.code is not None else []
    return (*unread_of(codes, ()), *(each for each in unread if not each.is_cosmetic))
