from __future__ import annotations

import pytest

from worker.errors import MisconfiguredError
from worker.maintenance.file_filter import FileFilter, make_filter, parse_age, types_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1.5h", 5_400), ("7d", 604_800), (" 2W ", 1_209_600)]
)
def test_ages_are_written_with_their_unit(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1y", "1d2h"])
def test_other_ages_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(MisconfiguredError, match="for example"):
        parse_age(text)


def test_what_was_detected_wins_over_the_name() -> None:
    assert types_of("a.pdf", "png") == {"png"}
    assert types_of("a.JPEG") == {"jpg", "jpeg"}
    assert types_of("a.pdf", "unsupported") == {"pdf"}
    assert types_of("README") == frozenset()


@pytest.mark.parametrize("prefix", ["", "x/", "docs/x/", "s3://docs/x/", "s3://docs"])
def test_a_prefix_may_begin_with_the_bucket(prefix: str) -> None:
    assert FileFilter(prefix=prefix).has_name("docs", "x/a.pdf")


def test_conditions_must_all_be_met() -> None:
    files = make_filter(["timeout,memory", "bomb"], [".PDF", "jpeg"], "x/")
    assert files.reasons == {"timeout", "memory", "bomb"}
    assert files.types == {"pdf", "jpg"}
    assert files.has_name("docs", "x/a.pdf")
    assert files.has_name("docs", "x/a.jpeg")
    assert not files.has_name("docs", "x/a.txt")
    assert not files.has_name("docs", "y/a.pdf")
    assert not files.is_empty
    assert make_filter([], [], "").is_empty


def test_an_unknown_reason_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match="timeout"):
        make_filter(["time_out"], [], "")
