"""The searches of the demo, and where on the page each first hit is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from worker.demo.page_pictures import PagePicture, page_picture
from worker.demo.run_record import DemoDocument, Search
from worker.index.analysis.query_terms import QueryTerm
from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.search_plan import plans
from worker.index.search_query import parse_query
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.samples.scan_texts import page_word
from worker.samples.write import Sample

_PHRASE_PAGE = 9


def planned_searches(scan: Sample) -> tuple[Search, ...]:
    """What is searched for, and what must be the first hit."""
    return (
        Search(query="営業", expected_file="営業報告書.pdf"),
        Search(query="ceramic tiles", expected_file="correspondence_fax.tiff", expected_page=1),
        Search(
            query=f'"{page_word(_PHRASE_PAGE)}"', expected_file=scan.path.name, expected_page=_PHRASE_PAGE
        ),
    )


def run_search(search: Search, index: SqliteIndex, documents: Sequence[DemoDocument]) -> Search:
    """The search with its hits, and the picture of the first one's page."""
    result = index.search(search.query, limit=5)
    picture = (
        _first_page(result.hits[0].file_id, result.hits[0].page, search, documents) if result.hits else None
    )
    return replace(search, hits=result.hits, total=result.total, picture=picture)


def query_terms(query: str) -> tuple[QueryTerm, ...]:
    """What a query looks for first."""
    return next(plans(parse_query(query), has_words=OWN_ANALYSIS.has_words)).terms


def _first_page(
    file_id: str, number: int, search: Search, documents: Sequence[DemoDocument]
) -> PagePicture | None:
    found = next((document for document in documents if document.file_id == file_id), None)
    page = next((page for page in found.stored_pages if page.number == number), None) if found else None
    if found is None or page is None:
        return None
    return page_picture(found.sample.path, found.sample.file_type, page, query_terms(search.query))
