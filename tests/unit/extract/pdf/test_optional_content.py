"""Layers of a PDF that are off: which groups these are, and what happens to their content."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from tests.stand_ins.made_pdfs import raw_pdf, stream
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.page_source import LayeredPage
from worker.extract.pdf.document import open_pdf
from worker.extract.pdf.optional_content import hide_groups
from worker.extract.read_options import ReadOptions
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_CONTENT = b"BT /F 12 Tf 72 700 Td /OC /P BDC (Target) Tj EMC 0 -50 Td (Shown) Tj ET"


def _pdf(
    folder: Path,
    configuration: bytes,
    *,
    target: bytes = b"10 0 R",
    content: bytes = _CONTENT,
    page: bytes = b"",
    others: dict[int, bytes] | None = None,
) -> Path:
    """A page with a text of two groups, 10 and 11; `target` is the dictionary that the text refers to."""
    resources = b"/Font<</F 5 0 R>>/XObject<</X 6 0 R>>/Properties<</P %s>>" % target
    return raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[10 0 R 11 0 R]/D<<%s>>>>>>" % configuration,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%s>>%s>>"
            % (resources, page),
            4: stream(content),
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            6: stream(
                b"BT /F 12 Tf 72 500 Td (Target) Tj ET",
                b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/OC %s/Resources<</Font<</F 5 0 R>>>>" % target,
            ),
            10: b"<</Type/OCG/Name(same)/Usage<</View<</ViewState/OFF>>>>>>",
            11: b"<</Type/OCG/Name(same)>>",
            **(others or {}),
        },
    )


def _text(path: Path) -> str:
    (page,) = open_pdf(path, _OPTIONS).pages
    read = page.page if isinstance(page, LayeredPage) else page
    assert isinstance(read, Page)
    return read.text


_AS = b"/AS[<</Event/View/OCGs[10 0 R]/Category[/View]>>]"


@pytest.mark.parametrize(
    ("configuration", "is_shown"),
    [
        (b"/OFF[10 0 R]", False),
        (b"/BaseState/OFF", False),
        (_AS, False),
        (b"", True),
        (b"/OFF[11 0 R]", True),
        (b"/BaseState/OFF/ON[10 0 R]", True),
        (_AS.replace(b"View", b"Print"), True),
    ],
    ids=["off", "all are off", "by its usage", "no state", "another is off", "on", "usage when printed"],
)
@pytest.mark.parametrize("content", [_CONTENT, b"BT /F 12 Tf 72 650 Td (Shown) Tj ET /X Do"])
def test_content_of_a_group_is_shown_by_the_state_of_the_group(
    tmp_path: Path, configuration: bytes, is_shown: bool, content: bytes
) -> None:
    text = _text(_pdf(tmp_path, configuration, content=content))

    assert "Shown" in text
    assert ("Target" in text) is is_shown


@pytest.mark.parametrize(
    ("membership", "is_shown"),
    [
        (b"/OCGs 10 0 R", False),
        (b"/OCGs[10 0 R 11 0 R]", True),
        (b"/OCGs[10 0 R 11 0 R]/P/AllOn", False),
        (b"/OCGs[10 0 R 11 0 R]/P/AnyOff", True),
        (b"/OCGs[10 0 R 11 0 R]/P/AllOff", False),
        (b"/OCGs[]", True),
        (b"/VE[/Not 10 0 R]", True),
        (b"/VE[/And 11 0 R[/Not 11 0 R]]", False),
        (b"/VE[/Or 10 0 R 11 0 R]", True),
        (b"/OCGs 11 0 R/VE[/And 10 0 R 11 0 R]", False),
    ],
)
def test_content_of_several_groups_is_shown_by_the_rule_of_its_membership(
    tmp_path: Path, membership: bytes, is_shown: bool
) -> None:
    others = {12: b"<</Type/OCMD%s>>" % membership}

    text = _text(_pdf(tmp_path, b"/OFF[10 0 R]", target=b"12 0 R", others=others))

    assert ("Target" in text) is is_shown


def test_what_nobody_sees_is_not_drawn_for_ocr_either(tmp_path: Path) -> None:
    content = b"/X Do /OC /P BDC 100 100 300 300 re f EMC 500 700 20 20 re f"
    source = open_pdf(_pdf(tmp_path, b"/OFF[10 0 R]", content=content), _OPTIONS)
    assert list(source.pages) == [1]

    picture = source.render(1, tmp_path)

    pixels = picture.read_bytes()
    assert pixels.count(b"\x00") < 0.01 * len(pixels)


def test_an_annotation_of_a_hidden_group_is_hidden(tmp_path: Path) -> None:
    note = b"<</Type/Annot/Subtype/Text/Rect[9 9 29 29]/Contents(REMARK)/OC 10 0 R>>"
    others = {12: note}
    path = _pdf(tmp_path, b"/OFF[10 0 R]", page=b"/Annots[12 0 R %s]" % note, others=others)

    assert _text(path) == "Shown"


def test_groups_of_the_same_name_are_distinguished(tmp_path: Path) -> None:
    path = _pdf(tmp_path, b"/OFF[10 0 R]", target=b"11 0 R")

    assert "Target" in _text(path)


@pytest.mark.parametrize("configuration", [b"", b"/OFF[]", b"/OFF 3", b"/OFF[null 5 0 R]", b"/BaseState/ON"])
def test_a_file_without_hidden_content_is_read_as_it_is(tmp_path: Path, configuration: bytes) -> None:
    with pikepdf.open(_pdf(tmp_path, configuration)) as pdf:
        assert not hide_groups(pdf)


def test_a_flag_that_is_no_number_does_not_keep_an_annotation_shown(tmp_path: Path) -> None:
    note = b"<</Type/Annot/Subtype/Text/Rect[9 9 29 29]/Contents(REMARK)/OC 10 0 R/F(no)>>"
    path = _pdf(tmp_path, b"/OFF[10 0 R]", page=b"/Annots[%s]" % note)

    assert _text(path) == "Shown"
