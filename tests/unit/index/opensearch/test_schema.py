"""The bodies the indices are created with (their effect is tested on a real server)."""

from __future__ import annotations

import pytest

from worker.index.analysis_version import OWN_ANALYSIS
from worker.index.opensearch.schema import ANALYZER, files_body, images_body, index_name, newest

pytestmark = pytest.mark.unit


def test_kuromoji_analyses_the_text_and_the_index_names_the_analysis_of_its_streams() -> None:
    body = files_body(shards=3, text_dimension=None)
    text = body["mappings"]["properties"]["ocr_text"]
    assert text["analyzer"] == ANALYZER == "kuromoji_analyzer"
    assert body["mappings"]["_meta"] == {"analysis": str(OWN_ANALYSIS)}
    assert body["settings"]["index"]["number_of_shards"] == 3
    assert body["mappings"]["properties"]["pages"]["type"] == "nested"


def test_unknown_fields_are_refused_at_every_level() -> None:
    for body in (files_body(shards=1, text_dimension=None), images_body(shards=1)):
        assert body["mappings"]["dynamic"] == "strict"
    assert files_body(shards=1, text_dimension=None)["mappings"]["properties"]["pages"]["dynamic"] == "strict"


def test_image_vectors_are_1024_numbers_compared_by_cosine_in_lucene() -> None:
    vector = images_body(shards=1)["mappings"]["properties"]["image_vector"]
    assert (vector["dimension"], vector["method"]["engine"], vector["method"]["space_type"]) == (
        1024,
        "lucene",
        "cosinesimil",
    )


def test_text_vectors_are_there_only_where_a_model_is() -> None:
    without = files_body(shards=1, text_dimension=None)
    with_model = files_body(shards=1, text_dimension=1536)
    assert "text_vector" not in without["mappings"]["properties"]["pages"]["properties"]
    page = with_model["mappings"]["properties"]["pages"]["properties"]
    assert page["text_vector"]["dimension"] == 1536
    assert "pages.text_vector" in with_model["mappings"]["_source"]["excludes"]
    assert without["settings"]["index"]["knn"] is with_model["settings"]["index"]["knn"] is True


def test_an_index_is_named_after_its_alias_and_a_version() -> None:
    assert index_name("tokyo-", "files") == "tokyo-files-v2"


@pytest.mark.parametrize(
    ("older", "newer"),
    [("t9-files-v2", "t9-files-v2-2"), ("files-v2-9", "files-v2-10"), ("files-v2-12", "files-v3")],
)
def test_the_newest_version_is_the_one_with_the_highest_numbers(older: str, newer: str) -> None:
    assert newest([older, newer]) == newest([newer, older]) == newer
