"""The words for where a page's text came from."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit


def test_a_failed_page_is_distinguished_from_an_empty_one() -> None:
    assert {source.value for source in TextSource if source.is_failure} == {"timed_out", "crashed", "failed"}


def test_a_mixed_page_has_ocr_text() -> None:
    assert {source.value for source in TextSource if source.has_ocr_text} == {"ocr", "mixed"}


def page(text: str = "text", **changes: object) -> Page:
    values: dict[str, object] = {"number": 1, "text": text, "source": TextSource.OCR, **changes}
    return Page(**values)  # type: ignore[arg-type]


def test_values_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        page().text = "other"  # type: ignore[misc]


def test_a_page_of_an_older_artifact_has_no_layer_text() -> None:
    values = page("日本").as_dict()
    del values["layer_text"], values["layer_reason"]

    assert Page.from_dict(values) == page("日本")


@given(
    st.builds(
        Page,
        number=st.integers(min_value=1),
        text=st.text(),
        source=st.sampled_from(TextSource),
        language=st.none() | st.text(),
        confidence=st.none() | st.floats(min_value=0, max_value=100),
        words=st.text(),
        width_px=st.integers(min_value=0),
        height_px=st.integers(min_value=0),
        ocr_s=st.floats(min_value=0, max_value=1e6),
        reason=st.none() | st.text(),
        layer_text=st.none() | st.text(),
        layer_reason=st.none() | st.text(),
    )
)
def test_a_page_comes_back_from_json_as_it_was(one: Page) -> None:
    assert Page.from_dict(json.loads(json.dumps(one.as_dict()))) == one


@pytest.mark.parametrize(
    "changes", [{"source": "dream"}, {"number": None}, {"number": "one"}, {"confidence": []}]
)
def test_invalid_data_is_rejected(changes: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Page.from_dict({**page().as_dict(), **changes})
    with pytest.raises(KeyError):
        Page.from_dict({})
