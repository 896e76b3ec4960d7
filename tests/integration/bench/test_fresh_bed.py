"""The fresh bed of text layers: what spoils a layer does, and what is drawn has the text that is drawn."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from bench.beds.fresh_garbage import JAPANESE, LATIN
from bench.beds.fresh_layers import LIST, is_repaired
from bench.beds.fresh_pages import PAGES, fresh_pdfs
from bench.beds.garbage_layers import changed
from bench.beds.layers import LayerPage
from bench.beds.sources import Source

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("kind", "good", "garbage"),
    [
        ("latin-1 as MacRoman", "é", "È"),
        ("MacRoman as latin-1", "é", "Ž"),
        ("codes 29 lower", "A", "$"),
        ("subset codes", "A", "\x01"),
    ],
)
def test_a_latin_layer_is_spoilt(kind: str, good: str, garbage: str) -> None:
    assert LATIN[kind]()(good) == garbage


@pytest.mark.parametrize(
    ("kind", "good", "garbage"), [("EUC as SJIS", "あ", "､｢"), ("codes 1 higher", "か", "が")]
)
def test_a_japanese_layer_is_spoilt(kind: str, good: str, garbage: str) -> None:
    assert JAPANESE[kind]()(good) == garbage


def test_codes_of_a_subset_count_up_in_the_order_of_use_and_start_anew_for_each_page() -> None:
    change = JAPANESE["subset codes"]()
    assert [change(char) for char in "日本日"] == ["\x01", "\x02", "\x01"]
    assert JAPANESE["subset codes"]()("本") == "\x01"


@pytest.mark.parametrize("kind", ["magazine-ja", "gazette-font", "gazette-placed", "figures-ja"])
def test_what_is_drawn_is_the_same_in_every_run_and_has_a_layer(tmp_path: Path, kind: str) -> None:
    (first,), (again,) = (list(fresh_pdfs(tmp_path / run, [kind])) for run in ("1", "2"))
    assert first.sha256 == again.sha256
    with PdfDocument(first.path) as document:
        assert len(document) == PAGES
        texts = [page.get_textpage().get_text_bounded() for page in document]
    assert all(sum("ぁ" <= char <= "鿿" for char in text) > 100 for text in texts)


def test_a_layer_that_is_mapped_back_is_no_miss_and_another_is(tmp_path: Path) -> None:
    (source,) = fresh_pdfs(tmp_path, ["notice-ja"])
    same, other = tmp_path / "same.pdf", tmp_path / "other.pdf"
    changed(source.path, 0, lambda char: char, same)
    changed(source.path, 0, JAPANESE["codes 64 higher"](), other)
    assert is_repaired(_garbage(source, same))
    assert not is_repaired(_garbage(source, other))


def test_the_list_has_a_kind_and_a_hash_for_each_page() -> None:
    rows = [line.split("\t") for line in LIST.read_text().splitlines()]
    good = [row for row in rows if row[0] == "good"]
    assert len(good) >= 200
    assert len(rows) - len(good) == 50
    assert all(len(row[5]) == hashlib.sha256().digest_size * 2 for row in rows)


def _garbage(source: Source, path: Path) -> LayerPage:
    return LayerPage(kind="changed", source=source, page=0, path=path, is_garbage=True)
