"""Values of filters, and those that are none."""

from __future__ import annotations

import pytest

from worker.index.query_filters import FILTERS, NO_FILTERS
from worker.models.file import FileType

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "value", "field", "stored"),
    [
        ("type", "PDF", "types", (FileType.PDF,)),
        ("type", ".jpg", "types", (FileType.JPEG,)),
        ("type", "jpeg", "types", (FileType.JPEG,)),
        ("type", "powerpoint", "types", (FileType.PPTX, FileType.PPT, FileType.ODP)),
        ("lang", "日本語", "languages", ("jpn",)),
        ("lang", "EN", "languages", ("eng",)),
        ("state", "partial", "states", ("partial",)),
        ("page", "3", "pages", (3, 3)),
        ("page", "3-5", "pages", (3, 5)),
    ],
)
def test_a_value_is_read(name: str, value: str, field: str, stored: tuple[object, ...]) -> None:
    assert getattr(FILTERS[name](NO_FILTERS, value), field) == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "docs"),
        ("lang", "xx"),
        ("state", "tombstoned"),
        ("page", "5-3"),
        ("page", "0"),
        ("path", "/"),
    ],
)
def test_another_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="say "):
        FILTERS[name](NO_FILTERS, value)


def test_values_of_one_filter_are_alternatives_and_paths_add_up() -> None:
    both = FILTERS["type"](FILTERS["type"](NO_FILTERS, "pdf"), "docx")
    assert both.types == (FileType.PDF, FileType.DOCX)
    paths = FILTERS["path"](FILTERS["path"](NO_FILTERS, "営業"), "2024").paths
    assert [term.text for term in paths] == ["営業", "2024"]
