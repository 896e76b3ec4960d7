"""The filters of a query: `type:` `path:` `lang:` `state:` `page:` `after:` `before:`, and those of mails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from worker.index.analysis.values.dates import dates
from worker.index.query import Term, fold, make_term
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.metadata import to_time

_MAX_PART_CHARS = 100
"""Of a header; OpenSearch refuses a regular expression of more than 1,000."""
_PAGES = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")

# What `dates` makes of a date with its year: d20240531, m202405, y2024, fy2024.
_TOKEN = re.compile(r"(?P<kind>d|m|y|fy)(?P<year>\d{4})(?P<month>\d\d)?(?P<day>\d\d)?")
_FISCAL_MONTH = 4

_TYPE_GROUPS = {
    "image": tuple(kind for kind in FileType if kind.is_image),
    "word": (FileType.DOCX, FileType.DOC, FileType.ODT, FileType.RTF),
    "excel": (FileType.XLSX, FileType.XLS, FileType.ODS, FileType.CSV, FileType.TSV),
    "powerpoint": (FileType.PPTX, FileType.PPT, FileType.ODP),
    "text": (FileType.TEXT, FileType.MARKDOWN, FileType.LOG),
    "jpeg": (FileType.JPEG,),
    "tif": (FileType.TIFF,),
    "heif": (FileType.HEIC,),
    "htm": (FileType.HTML,),
}
_LANGUAGES = {
    "jpn": "jpn",
    "ja": "jpn",
    "japanese": "jpn",
    "日本語": "jpn",
    "eng": "eng",
    "en": "eng",
    "english": "eng",
    "英語": "eng",
}
_STATES = tuple(state for state in State if state not in (State.PROCESSING, State.TOMBSTONED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What a file must be beside its words; an empty field filters nothing.

    `paths` are terms that the path or the name holds, each; `pages` is the first and the last page on which
    the words must be. A file's date is not before the time `after`, and before the time `before`. A mail has
    each of `senders` in its sender, of `recipients` in its recipients and of `subjects` in its subject.
    """

    types: tuple[FileType, ...] = ()
    paths: tuple[Term, ...] = ()
    languages: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    pages: tuple[int, int] | None = None
    after: str = ""
    before: str = ""
    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


NO_FILTERS = Filters()


def _with_type(filters: Filters, value: str) -> Filters:
    name = value.casefold().lstrip(".")
    kinds = _TYPE_GROUPS.get(name) or tuple(kind for kind in FileType if kind.value == name)
    if not kinds:
        raise ValueError("say for example pdf, xlsx, image, word, excel or powerpoint")
    return replace(filters, types=tuple(dict.fromkeys((*filters.types, *kinds))))


def _with_path(filters: Filters, value: str) -> Filters:
    term = make_term(value)
    if term is None:
        raise ValueError("say a part of the path, for example a folder's name")
    return replace(filters, paths=(*filters.paths, term))


def _with_language(filters: Filters, value: str) -> Filters:
    language = _LANGUAGES.get(value.casefold())
    if language is None:
        raise ValueError("say jpn or eng")
    return replace(filters, languages=tuple(dict.fromkeys((*filters.languages, language))))


def _with_state(filters: Filters, value: str) -> Filters:
    state = next((state for state in _STATES if state.value == value.casefold()), None)
    if state is None:
        raise ValueError(f"say {', '.join(state.value for state in _STATES)}")
    return replace(filters, states=tuple(dict.fromkeys((*filters.states, state.value))))


def _with_pages(filters: Filters, value: str) -> Filters:
    match = _PAGES.fullmatch(value)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last:
        raise ValueError("say a page as in page:3, or the first and the last as in page:3-5")
    if filters.pages not in (None, (first, last)):
        raise ValueError("pages are named before it already; say all of them at once, as in page:3-5")
    return replace(filters, pages=(first, last))


def _with_after(filters: Filters, value: str) -> Filters:
    return replace(filters, after=max(filters.after, _begin(value)))


def _with_before(filters: Filters, value: str) -> Filters:
    begin = _begin(value)
    return replace(filters, before=min(filters.before or begin, begin))


def _without_after(filters: Filters, value: str) -> Filters:
    begin = _begin(value)
    return replace(filters, after=min(filters.after or begin, begin))


def _without_before(filters: Filters, value: str) -> Filters:
    return replace(filters, before=max(filters.before, _begin(value)))


def _without_pages(_filters: Filters, _value: str) -> Filters:
    raise ValueError("pages cannot be left out; say those that are meant, as in page:3-5")


def _with_sender(filters: Filters, value: str) -> Filters:
    return replace(filters, senders=(*filters.senders, _part(value)))


def _with_recipient(filters: Filters, value: str) -> Filters:
    return replace(filters, recipients=(*filters.recipients, _part(value)))


def _with_subject(filters: Filters, value: str) -> Filters:
    return replace(filters, subjects=(*filters.subjects, _part(value)))


def _part(value: str) -> str:
    """A part of a mail's header, folded."""
    if not value.strip():
        raise ValueError("say a part of it, for example a name or an address")
    part = fold(value.strip())
    if len(part) > _MAX_PART_CHARS:
        raise ValueError(f"say a part of it, of at most {_MAX_PART_CHARS} characters")
    return part


def _begin(value: str) -> str:
    """When the day, month or year begins that is written, where the search is made; as times are stored."""
    folded = fold(value.strip())
    found = list(dates(folded))
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(folded)):
        # Two of them: either number may be the day.
        match = _TOKEN.fullmatch(found[0].wanted[0]) if len(found[0].wanted) == 1 else None
        if match is not None:
            month = int(match["month"] or (_FISCAL_MONTH if match["kind"] == "fy" else 1))
            begin = datetime(int(match["year"]), month, int(match["day"] or 1))  # noqa: DTZ001 - local time
            return to_time(begin.astimezone())
    raise ValueError("say a year, month or day, for example 2024, 2024-05, 2024/5/31 or 令和6年5月31日")


FILTERS: Mapping[str, Callable[[Filters, str], Filters]] = {
    "type": _with_type,
    "path": _with_path,
    "lang": _with_language,
    "state": _with_state,
    "page": _with_pages,
    "after": _with_after,
    "before": _with_before,
    "from": _with_sender,
    "to": _with_recipient,
    "subject": _with_subject,
}
"""What adds a value to the filters, by name; ValueError says what else to write."""

EXCLUSIONS: Mapping[str, Callable[[Filters, str], Filters]] = {
    **FILTERS,
    "page": _without_pages,
    "after": _without_after,
    "before": _without_before,
}
"""The same for what is left out: of two times the one that leaves out more."""
