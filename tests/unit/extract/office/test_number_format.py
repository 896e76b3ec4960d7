"""Numbers of cells, formatted for search."""

from __future__ import annotations

import pytest

from worker.extract.office.number_format import format_code, format_number, hides_text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("0.30000000000000004", "General", "0.3"),
        ("1234567", "#,##0", "1234567"),
        ("1234567.5", '"¥"#,##0.00', "1234567.5"),
        ("1E+20", "General", "1e+20"),
        ("123456789012345", "0", "123456789012345"),
        ("-0.5", "0.00;[Red]-0.00", "-0.5"),
        ("0.125", "0.0%", "12.5%"),
        ("0.07", "0%", "7%"),
        ("1.1", "0.00%", "110%"),
        ("123", "00000", "00123"),
        ("123", "0", "123"),
        ("600001", "000\\-0000", "060-0001"),
        ("1000001", "000-0000", "100-0001"),
        ("600001", r"[<=999]000;[<=9999]000\-00;000\-0000", "060-0001"),
        ("312345678", r"[<=99999999]####\-####;\(00\)\ ####\-####", "(03) 1234-5678"),
        ("12345678", r"[<=99999999]####\-####;\(00\)\ ####\-####", "1234-5678"),
        ("9012345678", '[$-411]0##"-"####-####', "090-1234-5678"),
        ("123", r"####\-####", "123"),
        ("123456789", "000-0000", "12345-6789"),
        ("-1", "000-0000", "-1"),
        ("1.5", "000-0000", "1.5"),
        ("1500", "#,##0_);[Red]-#,##0", "1500"),
        ("5", "0;-0;-", "5"),
        ("45000", "yyyy/m/d", "2023-03-15"),
        ("45000", 'yyyy"年"m"月"d"日"', "2023-03-15"),
        ("45000", '[$-411]ggge"年"m"月"d"日"', "2023-03-15"),
        ("45000.5", "yyyy/m/d h:mm", "2023-03-15 12:00:00"),
        ("45000", "m/d/yy h:mm", "2023-03-15 00:00:00"),
        ("0.75", "h:mm AM/PM", "18:00:00"),
        ("1.5", "[h]:mm", "36:00:00"),
        ("-1E9", "yyyy/m/d", "-1000000000"),
        ("3", "G/標準", "3"),
        ("3", '0"days"', "3"),
        ("3", "0.00E+00", "3"),
        ("3", "[Red]0_)", "3"),
        ("3", "\\d0", "3"),
        ("#N/A", "General", "#N/A"),
        ("nan", "General", "nan"),
        ("inf", "yyyy/m/d", "inf"),
    ],
)
def test_a_number_is_written_as_it_is_searched_for(value: str, code: str, expected: str) -> None:
    assert format_number(value, format_code=code) == expected


def test_dates_are_counted_from_1904_where_the_workbook_has_that_setting() -> None:
    assert format_number("43538", format_code="yyyy/m/d", is_1904=True) == "2023-03-15"


@pytest.mark.parametrize(
    ("number", "value", "expected"),
    [
        (0, "45000", "45000"),
        (14, "45000", "2023-03-15"),
        (10, "0.125", "12.5%"),
        (31, "45000", "2023-03-15"),
        (57, "45000", "2023-03-15"),
        (32, "0.5", "12:00:00"),
        (49, "45000", "45000"),
        (164, "45000", "2023-03-15"),
        (165, "45000", "45000"),
    ],
    ids=["general", "date", "percent", "japanese date", "era", "japanese time", "text", "own", "unknown"],
)
def test_formats_are_found_by_id(number: int, value: str, expected: str) -> None:
    assert format_number(value, format_code=format_code(number, {164: "yyyy-mm-dd"})) == expected


def test_a_format_longer_than_the_limit_of_excel_is_general() -> None:
    own = {164: "0" * 255, 165: "[" * 256}

    assert [format_code(number, own) for number in own] == ["0" * 255, "General"]


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("1234567890123456", "General", "1234567890123456"),
        ("1234567890123456", "0", "1234567890123456"),
        ("5", ";;;", ""),
        ("-5", "0;;", ""),
        ("0", "0;-0;;@", ""),
        ("5", "0;;", "5"),
        ("0", "0;-0", "0"),
    ],
)
def test_whole_numbers_are_whole_and_hidden_ones_are_hidden(value: str, code: str, expected: str) -> None:
    assert format_number(value, format_code=code) == expected


@pytest.mark.parametrize(
    ("code", "hides"), [(";;;", True), ("0;-0;0;", True), ("0;-0;0;@", False), ("@", False)]
)
def test_a_format_may_hide_texts(code: str, hides: bool) -> None:
    assert hides_text(code) is hides
