"""Files of the load: valid, and never twice the same bytes."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from PIL import Image

from tests.performance.load.files import Corpus

pytestmark = pytest.mark.performance


def text_of(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    return [page.get_textpage().get_text_bounded() for page in document]


def test_a_pdf_has_its_word_in_the_text_layer_of_every_page() -> None:
    corpus = Corpus(1)
    files = [corpus.pdf() for _ in range(20)]

    assert all(text.count(file.word) == 1 for file in files for text in text_of(file.data))
    assert {len(text_of(file.data)) for file in files} == {1, 2, 3, 5}
    assert any("営業報告書" in text for text in text_of(files[0].data))


def test_no_two_files_are_copies_of_each_other() -> None:
    corpus = Corpus(2)
    files = [make() for _ in range(50) for make in (corpus.pdf, corpus.image)]

    assert len({file.data for file in files}) == 100
    assert len({file.word for file in files}) == 100
    assert len({file.name for file in files}) == 100


def test_a_picture_decodes_and_is_named_by_its_word() -> None:
    corpus = Corpus(3)
    files = [corpus.image() for _ in range(16)]

    for file in files:
        image = Image.open(io.BytesIO(file.data))
        image.load()
        assert image.format == {"png": "PNG", "jpg": "JPEG"}[file.name.rpartition(".")[2]]
    assert all(file.word in file.name and file.word.isalpha() for file in files)
    assert {file.name.rpartition(".")[2] for file in files} == {"png", "jpg"}


def test_runs_have_words_of_their_own() -> None:
    first, second = Corpus(4), Corpus(5)

    assert first.pdf().word != second.pdf().word
