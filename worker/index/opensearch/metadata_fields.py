"""The fields of what is known of a file beside its text: their mapping, values, filters and counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from worker.index.analysis.characters import replace_surrogates
from worker.index.analysis.letter_case import case_forms
from worker.index.file_facts import FACETS, MAX_FACET_VALUES, Groups, copy_key, most_frequent, top_folder
from worker.index.query import normalise
from worker.index.query_filters import Filters
from worker.models.document import Document
from worker.models.mail_fields import MailFields, MemberMails
from worker.models.metadata import FileMetadata, Properties

Json = dict[str, Any]

_KEYWORD: Json = {"type": "keyword"}
_DATE: Json = {"type": "date", "format": "strict_date_time_no_millis"}
_PROPERTY_TIMES = ("created", "modified")
_TIMES = ("uploaded_at", "last_modified", *_PROPERTY_TIMES)

IMAGE_FIELDS: Json = {"allowed_groups": _KEYWORD}
"""Of the images index, whose search is limited to groups, too."""

_MAIL_FIELDS = ("mail_from", "mail_to", "subject", "sent")
HIT_FIELDS = (*_TIMES, "mime_type", "author", "title", "allowed_groups", "copy_key", *_MAIL_FIELDS)
"""What a hit is made of beside its text."""

_SYMBOL, _ESCAPED = re.compile(r"[!-/:-@\[-`{-~]"), r"\\\g<0>"
_MAX_STATES = 100_000
"""Of the automaton of a part; OpenSearch's own 10,000 are too few for a long one that repeats itself."""

COPIES = "contents"
"""The name of the count of distinct contents."""

_FACET_FIELDS = {"type": "file_type", "folder": "top_folder", "state": "state", "language": "language"}
_PRECISION = 10_000
"""A count is nearly exact up to this. Four times as much takes each search as long again as all the rest."""


def file_fields(text: Json) -> Json:
    """The fields of the files index; `text` is how names are analysed."""
    return {
        **dict.fromkeys((*_TIMES, "document_date"), _DATE),
        **dict.fromkeys(
            ("mime_type", "author", "content_hash", "copy_key", "top_folder", "allowed_groups"), _KEYWORD
        ),
        "title": text,
        # Two are reserved for files contained in others, which nothing writes yet: they need no re-index.
        **dict.fromkeys(("member", "member_path", "mail_from", "mail_to", "subject"), _KEYWORD),
        "sent": _DATE,
    }


def metadata_source(document: Document) -> Json:
    """The values of a document's fields; a time that is not known is no value."""
    metadata, properties = document.metadata, document.metadata.properties
    times = {
        "uploaded_at": metadata.uploaded_at,
        "last_modified": metadata.last_modified,
        "created": properties.created,
        "modified": properties.modified,
        "document_date": metadata.date,
    }
    return {
        **{name: value or None for name, value in times.items()},
        "mime_type": replace_surrogates(metadata.mime_type),
        "author": properties.author,
        "title": properties.title,
        "content_hash": document.content_hash,
        "copy_key": copy_key(document),
        "top_folder": replace_surrogates(top_folder(document.file_path)),
        **group_source(document),
        **_mail_source(properties),
    }


def _mail_source(properties: Properties) -> Json:
    """The headers of a mail, and beside each those of the mails within the document.

    Where there are such, a value is a list of its own, null where it is no mail, and theirs: OpenSearch
    searches all that is in lists, also in lists of lists, and keeps them as they are.
    """
    mail, within = properties.mail, properties.member_mails
    source: Json = {"mail_from": None, "mail_to": None, "subject": None, "sent": None}
    if mail is not None:
        source = {
            "mail_from": normalise(mail.sender),
            "mail_to": list(map(normalise, mail.recipients)),
            "subject": normalise(mail.subject),
            "sent": mail.sent or None,
        }
    if within is not None:
        others = {"mail_from": within.senders, "mail_to": within.recipients, "subject": within.subjects}
        return {
            **source,
            **{name: [source[name], list(map(normalise, more))] for name, more in others.items()},
        }
    return source if mail is not None else {}


def group_source(document: Document) -> Json:
    """The value of who may see a document, in both indices."""
    return {"allowed_groups": [replace_surrogates(name) for name in document.metadata.allowed_groups]}


def to_metadata(source: Mapping[str, Any]) -> FileMetadata:
    """What is known of a file by its source."""
    names = (*_PROPERTY_TIMES, "author", "title")
    mail, within = _to_mails(source)
    return FileMetadata(
        uploaded_at=source.get("uploaded_at") or "",
        last_modified=source.get("last_modified") or "",
        mime_type=source.get("mime_type") or "",
        allowed_groups=tuple(sorted(source.get("allowed_groups") or ())),
        properties=Properties(
            **{name: source.get(name) or "" for name in names}, mail=mail, member_mails=within
        ),
    )


def _to_mails(source: Mapping[str, Any]) -> tuple[MailFields | None, MemberMails | None]:
    """The headers of a mail, and of those within it; see `_mail_source`.

    None for anything else, and for one that an older version has written.
    """
    sender, recipients, subject = (source.get(name) for name in ("mail_from", "mail_to", "subject"))
    within = None
    if isinstance(sender, list) and recipients and isinstance(subject, list):
        (sender, senders), (recipients, others), (subject, subjects) = sender, recipients, subject
        within = MemberMails(senders=tuple(senders), recipients=tuple(others), subjects=tuple(subjects))
    if sender is None:
        return None, within
    mail = MailFields(
        sender=sender,
        recipients=tuple(recipients or ()),
        subject=subject or "",
        sent=source.get("sent") or "",
    )
    return mail, within


def date_clauses(filters: Filters) -> list[Json]:
    """The clauses of the dates that a query asks for: one a bound, of which a file may be refused for one."""
    bounds = {"gte": filters.after, "lt": filters.before}
    return [{"range": {"document_date": {name: time}}} for name, time in bounds.items() if time]


def mail_clauses(filters: Filters) -> list[Json]:
    """The clauses of the parts that a mail's headers must have."""
    parts = {"mail_from": filters.senders, "mail_to": filters.recipients, "subject": filters.subjects}
    return [
        {
            "regexp": {
                field: {
                    "value": f".*{_pattern(part)}.*",
                    "flags": "NONE",
                    "case_insensitive": True,
                    "max_determinized_states": _MAX_STATES,
                }
            }
        }
        for field, wanted in parts.items()
        for part in wanted
    ]


def _pattern(folded: str) -> str:
    """The regular expression of Lucene that finds a text; that ignores case in ASCII only."""
    pieces = ([_SYMBOL.sub(_ESCAPED, form) for form in forms] for forms in case_forms(folded))
    return "".join(forms[0] if len(forms) == 1 else f"({'|'.join(forms)})" for forms in pieces)


def group_clauses(groups: Groups) -> list[Json]:
    """The clause of the files that these groups may see; of all where there is no limit."""
    if groups is None:
        return []
    is_open = {"bool": {"must_not": [{"exists": {"field": "allowed_groups"}}]}}
    named = {"terms": {"allowed_groups": [replace_surrogates(name) for name in groups]}}
    return [{"bool": {"should": [is_open, named], "minimum_should_match": 1}}]


def fold_copies(body: Json) -> Json:
    """A search with one hit a content, which counts contents."""
    count = {"cardinality": {"field": "copy_key", "precision_threshold": _PRECISION}}
    return {**body, "collapse": {"field": "copy_key"}, "aggs": {COPIES: count}}


def copies_body(query: Json, keys: Sequence[str], file_ids: Sequence[str], *, limit: int) -> Json:
    """The body of a search for the other files of these contents that pass the query's filters."""
    return {
        "query": {
            "bool": {
                "filter": [_requirements(query), {"terms": {"copy_key": list(keys)}}],
                "must_not": [{"terms": {"file_id": list(file_ids)}}],
            }
        },
        "_source": ["copy_key", "file_path"],
        "sort": [{"file_id": "asc"}],
        "size": limit,
    }


def facets_body(query: Json) -> Json:
    """The body of a search that counts the files of a query by each facet, and has no hits."""
    counts: Json = {
        name: {"terms": {"field": field, "size": MAX_FACET_VALUES}} for name, field in _FACET_FIELDS.items()
    }
    # The offset of now: a year begins in the same one, but where it is summer.
    offset = f"{datetime.now().astimezone():%z}"
    counts["year"] = {
        "date_histogram": {
            "field": "document_date",
            "calendar_interval": "year",
            "format": "yyyy",
            "time_zone": f"{offset[:3]}:{offset[3:5]}",
            "min_doc_count": 1,
        }
    }
    return {"query": _requirements(query), "size": 0, "aggs": counts}


def to_facets(answer: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """The counts of each facet; "" is no value."""
    found = {}
    for name in FACETS:
        buckets = answer["aggregations"][name]["buckets"]
        counts = {each.get("key_as_string", each["key"]): each["doc_count"] for each in buckets}
        found[name] = most_frequent({value: files for value, files in counts.items() if value})
    return found


def _requirements(query: Json) -> Json:
    """What a file must meet by a query, without what only adds to its score."""
    parts = ("must", "filter", "must_not")
    return {"bool": {name: query["bool"][name] for name in parts if name in query["bool"]}}
