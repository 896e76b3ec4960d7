"""The boxes of a layer's words, on the page as it is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from tests.stand_ins.made_pdfs import SENTENCE, in_hex, mapped, not_embedded, pdf, raw_pdf, stream, write
from worker.errors import Code, RejectedError
from worker.extract.pdf.layer.boxes import words_of_page

pytestmark = pytest.mark.unit

_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def test_each_word_has_its_box_in_the_order_of_reading(tmp_path: Path) -> None:
    words = words_of_page(pdf(tmp_path, write(SENTENCE)), 1)

    assert [word.text for word in words] == SENTENCE.split()
    first, second = words[:2]
    assert first.left == pytest.approx(72, abs=1)
    assert first.top == pytest.approx(842 - 769, abs=1)
    assert first.height == pytest.approx(9, abs=1)
    assert second.left > first.left + first.width


def test_in_a_script_without_spaces_each_character_has_a_box(tmp_path: Path) -> None:
    content = b"BT /F 10 Tf 1 0 0 1 70 700 Tm %s Tj ET" % in_hex("見積書A4𠮟")
    words = words_of_page(not_embedded(tmp_path, content, encoding=b"UniJIS-UTF16-H"), 1)

    assert [word.text for word in words] == ["見", "積", "書", "A4", "𠮟"]
    assert [word.left for word in words[:3]] == pytest.approx([70, 80, 90], abs=2)


@pytest.mark.parametrize(
    ("turn", "matrix", "place"),
    [
        (0, b"1 0 0 1 110 640", (60, 60)),
        (90, b"0 1 -1 0 110 160", (60, 60 - 2.5)),
        (180, b"-1 0 0 -1 390 160", (60, 60)),
        (270, b"0 -1 1 0 390 640", (60, 60)),
    ],
)
def test_the_box_is_on_the_page_as_it_is_cut_and_rotated(
    tmp_path: Path, turn: int, matrix: bytes, place: tuple[float, float]
) -> None:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/CropBox[50 100 450 700]/Rotate %d" % turn
    path = raw_pdf(
        tmp_path,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page + b"/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
            4: stream(b"BT /F 12 Tf %s Tm (Hill) Tj ET" % matrix),
            5: _FONT,
        },
    )

    (word,) = words_of_page(path, 1)

    assert (word.left, word.top + word.height) == pytest.approx(place, abs=3)
    assert word.width > word.height


def test_a_page_without_a_layer_has_no_words(tmp_path: Path) -> None:
    assert words_of_page(pdf(tmp_path, write(" ")), 1) == ()


def test_a_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no page 2: the document has 1"):
        words_of_page(pdf(tmp_path, write(SENTENCE)), 2)


def test_a_file_that_is_no_pdf_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"no PDF")

    with pytest.raises(RejectedError, match="not a PDF"):
        words_of_page(path, 1)


def test_an_encrypted_file_needs_one_of_the_passwords(tmp_path: Path) -> None:
    path = pdf(tmp_path, write(SENTENCE), encrypt=StandardEncryption("open", canPrint=0))

    with pytest.raises(RejectedError) as rejected:
        words_of_page(path, 1, passwords=("wrong",))

    assert rejected.value.code is Code.ENCRYPTED
    assert words_of_page(path, 1, passwords=("wrong", "open"))[0].text == "The"


def test_hidden_text_has_no_boxes(tmp_path: Path) -> None:
    hidden = b"/OC /P BDC (HIDDEN) Tj EMC"
    content = b"BT /F 12 Tf 72 700 Td %s 0 -50 Td (Shown) Tj 3 Tr 0 -50 Td (INVISIBLE) Tj ET" % hidden
    path = raw_pdf(
        tmp_path,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources"
            b"<</Font<</F 5 0 R>>/Properties<</P 6 0 R>>>>>>",
            4: stream(content),
            5: _FONT,
            6: b"<</Type/OCG/Name(a)>>",
        },
    )

    assert [word.text for word in words_of_page(path, 1)] == ["Shown"]


def test_letters_that_are_mapped_back_are_those_of_the_word(tmp_path: Path) -> None:
    words = words_of_page(mapped(tmp_path, b"bab bb", b"000C", b"006F"), 1)

    assert [word.text for word in words] == ["ofio", "oo"]
    assert words[0].width > words[1].width > 0
