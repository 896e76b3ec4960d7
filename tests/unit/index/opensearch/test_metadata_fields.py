"""Fields, filters and counts as requests; what a server does with them is in tests/index_body/metadata.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.index_body.documents import MakeDocument
from worker.index.opensearch.metadata_fields import (
    copies_body,
    date_clauses,
    facets_body,
    file_fields,
    group_clauses,
    mail_clauses,
    metadata_source,
    to_facets,
    to_metadata,
)
from worker.index.query_filters import NO_FILTERS
from worker.models.mail_fields import MailFields
from worker.models.metadata import FileMetadata, Properties

pytestmark = pytest.mark.unit

_MAIL = MailFields(sender="a@example.com", recipients=("b", "c"), subject="件", sent="2023-01-01T00:00:00Z")
QUERY = {"bool": {"filter": ["f"], "must_not": ["n"], "should": ["scores"]}}


def test_every_value_has_a_field(make_document: MakeDocument) -> None:
    fields = file_fields({"type": "text"})
    assert metadata_source(make_document("a.pdf")).keys() <= fields.keys()
    mail = replace(Properties(), mail=MailFields())
    of_mails = {"mail_from", "mail_to", "subject", "sent"}
    assert (
        metadata_source(make_document("a.eml", metadata=FileMetadata(properties=mail))).keys()
        <= fields.keys()
    )
    assert {"member", "member_path", *of_mails} <= fields.keys() - metadata_source(
        make_document("a.pdf")
    ).keys()


def test_what_is_known_comes_back(make_document: MakeDocument) -> None:
    metadata = FileMetadata(
        uploaded_at="2024-01-01T00:00:00Z",
        allowed_groups=("a", "b"),
        properties=Properties(title="題", modified="2023-01-01T00:00:00Z", mail=_MAIL),
    )
    source = metadata_source(make_document("部/a.pdf", metadata=metadata, content_hash="c" * 64))
    assert to_metadata(source) == metadata
    assert (source["document_date"], source["last_modified"]) == ("2023-01-01T00:00:00Z", None)
    assert (source["top_folder"], source["copy_key"]) == ("部", "c" * 32)


def test_only_what_is_asked_for_is_filtered() -> None:
    assert date_clauses(NO_FILTERS) == []
    assert date_clauses(replace(NO_FILTERS, before="t")) == [{"range": {"document_date": {"lt": "t"}}}]
    both = date_clauses(replace(NO_FILTERS, after="s", before="t"))
    assert [each["range"]["document_date"] for each in both] == [{"gte": "s"}, {"lt": "t"}]
    assert group_clauses(None) == []
    assert {"terms": {"allowed_groups": ["x"]}} in group_clauses(["x"])[0]["bool"]["should"]


def test_parts_of_headers_are_looked_for_as_they_are_written() -> None:
    filters = replace(NO_FILTERS, senders=("a*b", "éss"), subjects=("50\\?",))
    clauses = [each["regexp"] for each in mail_clauses(filters)]
    values = [(field, clause[field]["value"]) for clause in clauses for field in clause]
    assert values == [
        ("mail_from", ".*a\\*b.*"),
        ("mail_from", ".*(é|É)(ss|ß|ẞ).*"),
        ("subject", ".*50\\\\\\?.*"),
    ]
    assert mail_clauses(NO_FILTERS) == []


def test_copies_and_counts_pass_the_same_filters_and_score_nothing() -> None:
    passing = {"filter": ["f"], "must_not": ["n"]}
    assert copies_body(QUERY, ["k"], ["id"], limit=3)["query"]["bool"]["filter"][0] == {"bool": passing}
    body = facets_body(QUERY)
    assert (body["query"], body["size"]) == ({"bool": passing}, 0)


def test_counts_are_named_by_their_values() -> None:
    empty = {"buckets": [{"key": "", "doc_count": 9}]}
    years = {"buckets": [{"key": 0, "key_as_string": "2024", "doc_count": 2}]}
    names = dict.fromkeys(("type", "folder", "state", "language"), empty)
    assert to_facets({"aggregations": {**names, "year": years}})["year"] == {"2024": 2}
    assert to_facets({"aggregations": {**names, "year": years}})["folder"] == {}
