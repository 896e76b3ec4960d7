"""Stems of English words and the words of file names."""

from __future__ import annotations

import pytest

from worker.index.analysis.stems import name_words, stem, stems

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "forms",
    [
        ("report", "reports", "reported", "reporting"),
        ("invoice", "invoices", "invoiced", "invoicing"),
        ("company", "companies"),
        ("delivery", "deliveries"),
        ("customer", "customers", "customer's"),
        ("agree", "agreed", "agrees"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


def test_stop_words_and_words_with_digits_have_no_stem() -> None:
    assert list(stems("the reports of b2b companies are in ab-12 営業reports")) == [
        "report",
        "compani",
        "ab",
        "report",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AnnualReport2024_v2.pdf", ["annual", "report", "2024", "v", "2", "pdf"]),
        ("annual-reports 2024.PDF", ["annual", "report", "2024", "pdf"]),
        ("HTTPServerLog.txt", ["http", "server", "log", "txt"]),
        ("営業Report第3版.docx", ["report", "3", "docx"]),
        ("Résumé.doc", ["resum", "doc"]),
        ("ＡＢＣ.pdf", ["abc", "pdf"]),
    ],
)
def test_a_file_name_becomes_its_words(name: str, expected: list[str]) -> None:
    assert list(name_words(name)) == expected
