"""Streams as fields."""

from __future__ import annotations

from typing import Any

import pytest

from worker.index.opensearch.stream_fields import (
    STREAMS,
    name_streams,
    page_streams,
    source_excludes,
    stream_properties,
    whole_text_streams,
)

pytestmark = pytest.mark.unit


def test_every_stream_is_a_field_of_tokens_parted_by_blanks() -> None:
    fields = stream_properties()
    assert set(fields) == set(STREAMS)
    assert {field["analyzer"] for field in fields.values()} == {"whitespace"}
    assert {name for name, field in fields.items() if field["index_options"] == "docs"} == {
        "readings",
        "entities",
    }


def test_a_text_has_the_streams_that_have_tokens() -> None:
    assert page_streams("契約", has_words=False) == {"pairs": "契約 約"}
    assert page_streams("契約", is_ocr=True, has_words=False) == {"pairs": "契約 約", "lookalikes": "契約 約"}
    assert page_streams("契約", has_words=True)["words"] == "契約"
    assert name_streams("a2.pdf", has_words=False)["name_stems"] == "a 2 pdf"


def test_the_whole_text_has_the_streams_of_its_parts_one_by_one() -> None:
    parts: list[dict[str, Any]] = [{"number": 1, "pairs": "ab", "text": "x"}, {"pairs": "cd", "words": "w"}]
    assert whole_text_streams(parts) == {"body_pairs": ["ab", "cd"], "body_words": ["w"]}


def test_no_stream_is_kept_in_the_source() -> None:
    assert {"body_pairs", "name_stems", "pages.pairs", "pages.stems"} <= set(source_excludes())
