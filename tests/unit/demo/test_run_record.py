from __future__ import annotations

import pytest

from worker.demo.run_record import Search
from worker.index.search_index import SearchHit

pytestmark = pytest.mark.unit


def hit(name: str, page: int) -> SearchHit:
    return SearchHit(file_id=name, file_name=name, file_path=name, page=page, snippet="", score=1.0)


@pytest.mark.parametrize(
    ("hits", "page", "found"),
    [
        ((hit("a", 3), hit("b", 1)), 3, True),
        ((hit("a", 2),), 3, False),
        ((hit("b", 3), hit("a", 3)), 3, False),
        ((hit("a", 7),), None, True),
        ((hit("a", 0),), None, False),
        ((), None, False),
    ],
    ids=["first", "wrong page", "only second", "any page", "only the name", "nothing"],
)
def test_a_search_passes_when_the_first_hit_is_right(
    hits: tuple[SearchHit, ...], page: int | None, found: bool
) -> None:
    assert Search(query="q", expected_file="a", expected_page=page, hits=hits).is_found is found


def test_what_is_expected_names_the_page_only_where_one_is_asked_for() -> None:
    assert Search(query="q", expected_file="a", expected_page=3).expectation == "a page 3"
    assert Search(query="q", expected_file="a").expectation == "a"
