"""What every search index does with dates, groups, copies and counts.

The fixture `index` is an empty one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.index_body.documents import MakeDocument, direction, names, put
from worker.index.search_index import SearchIndex
from worker.models.document import Document, Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.metadata import FileMetadata, Properties


def _dated(document: Document, modified: str) -> Document:
    # At noon, so that a day is the same wherever the test runs.
    return replace(document, metadata=FileMetadata(last_modified=f"{modified}T12:00:00Z"))


def _for(document: Document, *groups: str) -> Document:
    return replace(document, metadata=FileMetadata(allowed_groups=groups))


@pytest.fixture
def archive(index: SearchIndex, make_document: MakeDocument) -> SearchIndex:
    put(
        index,
        _dated(make_document("a.pdf", "契約書"), "2023-12-31"),
        _dated(make_document("b.pdf", "契約書"), "2024-01-01"),
        _dated(make_document("c.pdf", "契約書"), "2024-05-31"),
        _dated(make_document("d.pdf", "契約書"), "2025-04-01"),
        make_document("undated.pdf", "契約書"),
    )
    return index


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("契約書 after:2024", ["b.pdf", "c.pdf", "d.pdf"]),
        ("契約書 before:2024", ["a.pdf"]),
        ("契約書 after:2024 before:2025", ["b.pdf", "c.pdf"]),
        ("契約書 after:2024-05", ["c.pdf", "d.pdf"]),
        ("契約書 after:2024/5/31", ["c.pdf", "d.pdf"]),
        ("契約書 before:2024/5/31", ["a.pdf", "b.pdf"]),
        ("契約書 after:令和6年5月31日 before: 令和6年6月", ["c.pdf"]),
        ("契約書 after:２０２４０６０１", ["d.pdf"]),
        ("契約書 after:2024年度", ["c.pdf", "d.pdf"]),
        ("契約書 -after:2024", ["a.pdf", "undated.pdf"]),
        ("契約書 after:2023 after:2025", ["d.pdf"]),
        ("契約書 -after:2025 -after:2024", ["a.pdf", "undated.pdf"]),
        ("契約書 -after:2025 -before:2024", ["b.pdf", "c.pdf", "undated.pdf"]),
        ('契約書 before:"Jan 1, 2024"', ["a.pdf"]),
        ("after:2025", ["d.pdf"]),
        ("before:2024", ["a.pdf"]),
    ],
)
def test_files_are_found_by_their_date(archive: SearchIndex, query: str, found: list[str]) -> None:
    assert sorted(names(archive, query)) == found


@pytest.mark.parametrize("value", ["soon", "5月31日", "05/06/2024", "2024-2025", "20241399"])
def test_a_date_that_is_none_is_said_and_filters_nothing(archive: SearchIndex, value: str) -> None:
    result = archive.search(f"契約書 after:{value}")
    assert "is not understood: say a year, month or day" in result.notes[0]
    assert result.total == 5


def test_the_documents_own_date_goes_before_the_objects(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    own = Properties(created="2010-06-01T12:00:00Z", modified="2020-06-01T12:00:00Z")
    times = FileMetadata(uploaded_at="2024-06-01T12:00:00Z", last_modified="2022-06-01T12:00:00Z")
    for name, metadata in (
        ("own.pdf", replace(times, properties=own)),
        ("object.pdf", times),
        ("upload.pdf", replace(times, last_modified="")),
    ):
        put(index, make_document(name, "text", metadata=metadata))
    assert names(index, "after:2020 before:2021") == ["own.pdf"]
    assert names(index, "after:2022 before:2023") == ["object.pdf"]
    assert names(index, "after:2024") == ["upload.pdf"]


@pytest.mark.parametrize("query", ["契約書", "type:pdf"])
def test_at_equal_scores_the_newest_comes_first(archive: SearchIndex, query: str) -> None:
    assert names(archive, query) == ["d.pdf", "c.pdf", "b.pdf", "a.pdf", "undated.pdf"]
    assert [hit.file_name for hit in archive.search(query, limit=2).hits] == ["d.pdf", "c.pdf"]


def test_a_better_match_comes_before_a_newer_one(index: SearchIndex, make_document: MakeDocument) -> None:
    put(
        index,
        _dated(make_document("old.pdf", "契約書 契約書 契約書"), "2001-01-01"),
        _dated(make_document("new.pdf", "契約書と" + "別の長い話" * 30), "2024-01-01"),
    )
    assert names(index, "契約書") == ["old.pdf", "new.pdf"]


def test_a_hit_has_what_is_known_of_its_file(index: SearchIndex, make_document: MakeDocument) -> None:
    metadata = FileMetadata(
        uploaded_at="2024-06-01T12:00:00Z",
        mime_type="application/pdf",
        allowed_groups=("a", "b"),
        properties=Properties(title="題名", author="田中"),
    )
    put(index, make_document("a.pdf", "one", "two", metadata=metadata))
    (hit,) = index.search("two").hits
    assert (hit.bucket, hit.file_type, hit.pages, hit.state) == ("sources", "pdf", 2, State.INDEXED)
    assert hit.metadata == metadata
    assert hit.also_at == ()


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (None, ["both.jpg", "legal.jpg", "open.jpg", "sales.jpg"]),
        (["営業部"], ["both.jpg", "open.jpg", "sales.jpg"]),
        (["法務", "none"], ["both.jpg", "legal.jpg", "open.jpg"]),
        (["none"], ["open.jpg"]),
        ([], ["open.jpg"]),
    ],
)
def test_groups_limit_all_that_is_found(
    index: SearchIndex, make_document: MakeDocument, groups: list[str] | None, found: list[str]
) -> None:
    vectors = Vectors(image=direction(1.0))
    documents = [
        _for(make_document("sales.jpg", "契約", vectors=vectors), "営業部"),
        _for(make_document("legal.jpg", "契約", vectors=vectors), "法務"),
        _for(make_document("both.jpg", "契約", vectors=vectors), "法務", "営業部"),
        make_document("open.jpg", "契約", vectors=vectors),
    ]
    put(index, *documents)
    for query in ("契約", "type:pdf"):
        result = index.search(query, groups=groups, facets=True)
        assert (sorted(hit.file_name for hit in result.hits), result.total) == (found, len(found))
        assert result.facets["type"] == {"pdf": len(found)}
    assert sorted(hit.file_name for hit in index.similar(direction(1.0), limit=9, groups=groups)) == found
    for document in documents:
        may_see = document.file_name in found
        assert (index.document(document.file_id, groups=groups) is not None) == may_see
        assert bool(index.find(document.file_name, groups=groups)) == may_see


def test_the_nearest_pictures_are_those_that_may_be_seen(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    put(
        index,
        *(
            _for(
                make_document(f"{number}.jpg", vectors=Vectors(image=direction(1.0, number / 100))), "others"
            )
            for number in range(9)
        ),
        make_document("far.jpg", vectors=Vectors(image=direction(0.0, 1.0))),
    )
    assert [hit.file_name for hit in index.similar(direction(1.0), limit=1, groups=["mine"])] == ["far.jpg"]


def test_copies_are_one_hit_that_names_the_other_places(
    index: SearchIndex, make_document: MakeDocument
) -> None:
    same, other = "a" * 64, "b" * 64
    put(
        index,
        _dated(make_document("old/契約.pdf", "契約", content_hash=same), "2020-01-01"),
        _dated(make_document("new/契約.pdf", "契約", content_hash=same), "2024-01-01"),
        make_document("x/契約.pdf", "契約", content_hash=same),
        make_document("other.pdf", "契約と更新", content_hash=other),
        make_document("契約の鍵.pdf", state=State.NO_CONTENT, reason="encrypted"),
        make_document("契約の鍵2.pdf", state=State.NO_CONTENT, reason="encrypted"),
    )
    result = index.search("契約", facets=True)
    hits = {hit.file_path: hit.also_at for hit in result.hits}
    assert hits == {
        "new/契約.pdf": ("old/契約.pdf", "x/契約.pdf"),
        "other.pdf": (),
        "契約の鍵.pdf": (),
        "契約の鍵2.pdf": (),
    }
    assert result.total == 4
    assert result.facets["folder"] == {"new": 1, "old": 1, "x": 1}
    pages = [index.search("契約", limit=1, offset=offset).hits for offset in range(5)]
    assert sorted(hit.file_path for page in pages for hit in page) == sorted(hits)


def test_a_copy_that_may_not_be_seen_hides_no_other(index: SearchIndex, make_document: MakeDocument) -> None:
    same = "a" * 64
    secret = make_document("secret/契約.pdf", "契約", content_hash=same)
    put(
        index,
        replace(secret, metadata=FileMetadata(last_modified="2024-01-01T00:00:00Z", allowed_groups=("x",))),
        _dated(make_document("open/契約.pdf", "契約", content_hash=same), "2001-01-01"),
    )
    (hit,) = index.search("契約", groups=["y"]).hits
    assert (hit.file_path, hit.also_at) == ("open/契約.pdf", ())
    (hit,) = index.search("契約", groups=["x"]).hits
    assert (hit.file_path, hit.also_at) == ("secret/契約.pdf", ("open/契約.pdf",))


def test_facets_count_the_files_that_match(index: SearchIndex, make_document: MakeDocument) -> None:
    def in_language(document: Document, language: str) -> Document:
        return replace(document, pages=tuple(replace(page, language=language) for page in document.pages))

    put(
        index,
        in_language(_dated(make_document("営業部/a/a.pdf", "契約"), "2024-05-31"), "jpn"),
        in_language(_dated(make_document("営業部/b.pdf", "契約"), "2023-05-31"), "jpn"),
        _dated(make_document("\\\\nas\\c.docx", "契約", file_type=FileType.DOCX), "2024-05-31"),
        make_document("d.pdf", "契約", state=State.PARTIAL, reason="timeout"),
        make_document("other/e.pdf", "更新"),
    )
    result = index.search("契約", limit=1, facets=True)
    assert {name: dict(counts) for name, counts in result.facets.items()} == {
        "type": {"pdf": 3, "docx": 1},
        "year": {"2024": 2, "2023": 1},
        "folder": {"営業部": 2, "nas": 1},
        "state": {"indexed": 3, "partial": 1},
        "language": {"jpn": 2},
    }
    assert list(result.facets["type"]) == ["pdf", "docx"]
    assert index.search("契約").facets == {}
    assert index.search("無関係", facets=True).facets == {}


def test_metadata_goes_with_its_file(index: SearchIndex, make_document: MakeDocument) -> None:
    document = _for(make_document("a.pdf", "text"), "x")
    put(index, document, version=1)
    put(index, replace(document, metadata=FileMetadata(allowed_groups=("y",))), version=2)
    assert (index.search("text", groups=["x"]).total, index.search("text", groups=["y"]).total) == (0, 1)
    index.tombstone(document.file_id, version=3, refresh=True)
    assert index.search("text after:2000").total == index.search("type:pdf", groups=["y"]).total == 0
