"""Terms of queries, and the forms of names and paths."""

from __future__ import annotations

import unicodedata
from types import SimpleNamespace

import pytest

from worker.index import query as module
from worker.index.query import Term, fold, fold_path, make_term, normalise

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("text", ["", "…", "・・・", "!?", "\u3000", "\x00", "\ud800"])
def test_a_text_without_a_word_is_no_term(text: str) -> None:
    assert make_term(text) is None


@pytest.mark.parametrize("text", ["契", "a", "Trace-based", "々", "𰻝", "(株)"])
def test_a_term_is_what_was_typed(text: str) -> None:
    assert make_term(text, is_quoted=True) == Term(text=text, is_quoted=True)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ＡＢＣ　ｶﾞ①㈱", "ABC ガ1(株)"),
        ("葛\U000e0100", "葛"),
        ("soft\u00adware", "software"),
        ("\ufeffa\u200bb", "ab"),
        ("Case", "Case"),
    ],
)
def test_the_form_of_comparison(text: str, form: str) -> None:
    assert normalise(text) == form


def test_a_long_text_has_the_form_that_its_parts_have_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "e\u0301 ｶﾞ\nｶ\n\u3099㈱ x\u200by" * 20 + "ｶﾞ" * 20
    whole = normalise(text)
    normalised: list[str] = []

    def normalize(_: str, part: str) -> str:
        normalised.append(part)
        return unicodedata.normalize("NFKC", part)

    monkeypatch.setattr(module, "_AT_ONCE_CHARS", 7)
    monkeypatch.setattr(module, "unicodedata", SimpleNamespace(normalize=normalize))
    assert normalise(text) == whole
    assert len(normalised) > 20


def test_folding_ignores_case() -> None:
    assert fold("ＳTRAẞE") == "strasse"


@pytest.mark.parametrize(
    ("path", "folded"),
    [
        ("/Share/Report.PDF", "/share/report.pdf"),
        ("\\\\nas\\部門\\ＡＢＣ.pdf", "//nas/部門/abc.pdf"),
        ("ﾊﾟﾘ.txt", "パリ.txt"),
    ],
)
def test_paths_are_compared_without_case_width_or_kind_of_separator(path: str, folded: str) -> None:
    assert fold_path(path) == folded
