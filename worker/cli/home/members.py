"""The files within a document as `show` lists them, each with state and reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from worker.cli.printing import sanitise
from worker.models.document import Extraction
from worker.models.ledger import State
from worker.models.member import Member

_MAX_LISTED = 100
_UNITS = ("B", "KiB", "MiB", "GiB")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedMember:
    """A file within a document, and what was read of it: the states and reasons are those of a file."""

    member: Member
    state: State
    reason: str | None

    def values(self) -> dict[str, object]:
        """The file as plain values, for JSON."""
        return {**self.member.as_dict(), "state": self.state.value, "reason": self.reason}


def list_members(extraction: Extraction) -> tuple[ListedMember, ...]:
    """The files within a document in the order of their pages; none of an artifact that has no list."""
    texts = {page.number for page in extraction.pages if page.text}
    codes: dict[int, str] = {}
    for each in extraction.unread:
        if not each.is_cosmetic:
            codes.setdefault(each.page, each.code)
    return tuple(_read(member, texts, codes) for member in extraction.members)


def _read(member: Member, texts: set[int], codes: dict[int, str]) -> ListedMember:
    pages = range(member.first_page, member.last_page + 1)
    reason = next((codes[page] for page in pages if page in codes), None)
    state = State.INDEXED
    if reason is not None:
        state = State.NO_CONTENT if texts.isdisjoint(pages) else State.PARTIAL
    return ListedMember(member=member, state=state, reason=reason)


def member_lines(members: Sequence[ListedMember]) -> Iterator[str]:
    """A line a file, the path after the columns, as it may have any length; so many at most."""
    for each in islice(members, _MAX_LISTED):
        member = each.member
        pages = f"{member.pages} p." if member.pages else ""
        size = size_text(member.size_bytes) if member.size_bytes else ""
        why = f"  ({sanitise(each.reason)})" if each.reason else ""
        columns = f"{each.state.value:<10}  {member.file_type.value:<11}  {pages:>6}  {size:>10}"
        yield f"{columns}  {sanitise(member.path)}{why}"
    if len(members) > _MAX_LISTED:
        yield f"and {len(members) - _MAX_LISTED:,} more; --json has all"


def size_text(size_bytes: int) -> str:
    """A size as people say it: 812 B, 1.2 KiB, 340 MiB."""
    size, unit = float(size_bytes), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit and size < 10 else f"{size:.0f} {_UNITS[unit]}"
