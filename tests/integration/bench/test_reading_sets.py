"""The sets of the row `accuracy` and the figures of the row `real`: what they count, and equal runs."""

from __future__ import annotations

import hashlib
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image
from pypdfium2 import PdfDocument

from bench.reading import silent_pictures
from bench.reading.manual_pictures import write_manual
from bench.reading.office_pages import SETS
from bench.reading.readers import Read, Reading, accuracy_of, cpu_s, read_in_turn
from bench.reading.real_errors import lower_pages, mix_s, once_s
from bench.reading.set_rows import found_share

pytestmark = pytest.mark.integration


def test_a_piece_is_found_whatever_its_width_and_white_space() -> None:
    assert found_share("合 計 １，２３４ 円\nNo.7", ["合計", "1,234円", "No.8", "小計"]) == 0.5


def test_an_odd_seed_draws_another_page_than_an_even_one_and_the_same_again() -> None:
    for pages in SETS.values():
        first, other, again = (pages[0](seed) for seed in (1, 2, 1))
        assert _hash(first.picture) == _hash(again.picture) != _hash(other.picture)
        assert first.pieces == again.pieces


def test_a_page_that_is_lower_is_named_by_its_number_and_its_loss() -> None:
    ours = Reading(errors=[0.02, 0.05, 0.01], seconds=[1, 1, 1])
    plain = Reading(errors=[0.03, 0.04, 0.01], seconds=[1, 1, 1])
    figure = lower_pages("pages", ours, plain)
    assert figure.figure == "2 (-0.0100) of 3 (-0.0100)"
    assert figure.met is False
    assert lower_pages("pages", plain, plain).met is True
    assert lower_pages("pages", ours, plain, must="printed").met is None


def test_a_mix_weighs_clean_and_hard_pages_by_their_means() -> None:
    clean = Reading(errors=[0.0, 0.0], seconds=[1.0, 3.0])
    hard = Reading(errors=[0.0], seconds=[5.0])
    assert mix_s(clean, hard) == 20 * 2.0 + 10 * 5.0


def test_what_is_loaded_once_is_the_first_reading_above_the_second(tmp_path: Path) -> None:
    loaded: list[Path] = []

    def read(picture: Path) -> str:
        until_s = cpu_s() + (0.1 if loaded else 0.4)
        while cpu_s() < until_s:
            pass
        loaded.append(picture)
        return ""

    assert once_s(read, tmp_path) == pytest.approx(0.3, abs=0.1)


def test_each_picture_is_read_by_every_reader_before_the_next(tmp_path: Path) -> None:
    read: list[str] = []

    def reader(name: str, text: str) -> Read:
        def noted(picture: Path) -> str:
            read.append(f"{name} {picture.name}")
            return text

        return noted

    pictures = [tmp_path / "1", tmp_path / "2"]
    found = read_in_turn(
        {"ours": reader("ours", "あい"), "plain": reader("plain", "あう")}, pictures, ["あい", "あう"]
    )
    assert read == ["ours 1", "plain 1", "ours 2", "plain 2"]
    assert (found["ours"].errors, found["plain"].errors) == ([0.0, 0.5], [0.5, 0.0])


def test_accuracy_leaves_white_space_and_width_out() -> None:
    assert accuracy_of("Ａ b\nか", "ab か".upper().replace("B", "b")) == 1.0
    assert accuracy_of("xyz", "ab") == 0.0


def test_pictures_without_text_are_the_same_in_every_run_and_unlike_each_other() -> None:
    first, again = (
        [_hash(one.picture) for one in islice(silent_pictures.silent_pictures(1), 2)] for _ in range(2)
    )
    assert first == again
    assert first[0] != first[1]


def test_artwork_with_other_bytes_is_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    icon = tmp_path / "icon.png"
    Image.new("RGBA", (8, 8), "red").save(icon)
    sha256 = hashlib.sha256(icon.read_bytes()).hexdigest()
    listed = tmp_path / "list.tsv"
    listed.write_text(f"{icon}\t{sha256}\n{tmp_path / 'absent.png'}\t{sha256}\n{icon}\t{'0' * 64}\n")
    monkeypatch.setattr(silent_pictures, "LIST", listed)
    kinds = [one.kind for one in silent_pictures.silent_pictures(0)]
    assert kinds == ["artwork"]
    assert silent_pictures.absent_artwork() == 2


def test_a_manual_has_its_screenshots_evenly_on_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "manual.pdf"
    write_manual(path, 7, [Image.new("RGB", (60, 40), (shade, 0, 0)) for shade in (1, 2)])
    with PdfDocument(path) as document:
        pictures = [sum(thing.type == 3 for thing in page.get_objects()) for page in document]
    assert pictures == [0, 0, 0, 1, 0, 0, 1]


def _hash(picture: Image.Image) -> str:
    """Short, since the difference of two pictures takes minutes to print."""
    return hashlib.sha256(picture.tobytes()).hexdigest()
