"""Values of filters, and those that are none."""

from __future__ import annotations

from datetime import datetime

import pytest

from worker.index.query_filters import EXCLUSIONS, FILTERS, NO_FILTERS
from worker.models.file import FileType
from worker.models.metadata import to_time

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
        ("from", " Tanaka@Example.com", "senders", ("tanaka@example.com",)),
        ("to", "佐藤", "recipients", ("佐藤",)),
        ("subject", "Re: 見積", "subjects", ("re: 見積",)),
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
        ("from", " "),
        ("subject", "a" * 101),
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


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2024", (2024, 1, 1)),
        ("2024-05", (2024, 5, 1)),
        ("2024/5/31", (2024, 5, 31)),
        ("２０２４年５月", (2024, 5, 1)),
        ("令和6年5月31日", (2024, 5, 31)),
        ("R6.5.31", (2024, 5, 31)),
        ("2024年度", (2024, 4, 1)),
        ("May 2024", (2024, 5, 1)),
        ("31/5/2024", (2024, 5, 31)),
    ],
)
def test_a_date_begins_at_midnight_here(value: str, day: tuple[int, int, int]) -> None:
    begin = to_time(datetime(*day).astimezone())
    assert FILTERS["after"](NO_FILTERS, value).after == begin
    assert FILTERS["before"](NO_FILTERS, value).before == begin


@pytest.mark.parametrize("value", ["soon", "5月31日", "05/06/2024", "2024-2025", "about 2024", ""])
def test_what_is_no_one_date_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="say a year, month or day"):
        FILTERS["before"](NO_FILTERS, value)


def test_of_several_dates_the_narrowest_holds() -> None:
    filters = FILTERS["after"](FILTERS["after"](NO_FILTERS, "2025"), "2024")
    assert filters.after == FILTERS["after"](NO_FILTERS, "2025").after
    filters = FILTERS["before"](FILTERS["before"](NO_FILTERS, "2025"), "2024")
    assert filters.before == FILTERS["before"](NO_FILTERS, "2024").before


def test_of_two_times_that_are_left_out_the_one_that_leaves_out_more_holds() -> None:
    early, late = (EXCLUSIONS["after"](NO_FILTERS, year).after for year in ("2020", "2022"))
    for first, second in (("2020", "2022"), ("2022", "2020")):
        assert EXCLUSIONS["after"](EXCLUSIONS["after"](NO_FILTERS, first), second).after == early
        assert EXCLUSIONS["before"](EXCLUSIONS["before"](NO_FILTERS, first), second).before == late
        assert FILTERS["after"](FILTERS["after"](NO_FILTERS, first), second).after == late


def test_pages_are_named_once_and_never_left_out() -> None:
    named = FILTERS["page"](NO_FILTERS, "3")
    assert FILTERS["page"](named, "3-3") == named
    with pytest.raises(ValueError, match="named before it already"):
        FILTERS["page"](named, "5")
    with pytest.raises(ValueError, match="cannot be left out"):
        EXCLUSIONS["page"](NO_FILTERS, "3")
