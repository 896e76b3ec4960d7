"""The visible text of WordprocessingML; docx's tests have its elements one by one."""

from __future__ import annotations

import pytest
from lxml import etree

from worker.extract.office.word.body_text import BodyText
from worker.extract.office.word.run_styles import RunStyles

pytestmark = pytest.mark.unit

_STYLES = (
    '<styles><style styleId="hid"><rPr><vanish/></rPr></style>'
    '<style styleId="ask"><name val="Placeholder Text"/></style></styles>'
)


def _collect(markup: str, number: str = "") -> tuple[list[str], list[str]]:
    pieces: list[str] = []
    boxes: list[str] = []
    styles = RunStyles(etree.fromstring(_STYLES))
    body = BodyText(number_of=lambda _paragraph: number, styles=styles)
    body.collect(etree.fromstring(markup), pieces, boxes)
    return pieces, boxes


def test_a_number_stands_before_its_paragraph_and_a_text_box_behind_it() -> None:
    pieces, _ = _collect("<p><r><t>whole </t><txbxContent><p/></txbxContent><t>words</t></r></p>", "1. ")

    assert "".join(pieces) == "1. whole words\n\n"


def test_a_paragraph_without_text_has_no_number() -> None:
    assert "".join(_collect("<p><r><t> </t></r></p>", "1. ")[0]) == " \n"


def test_text_of_a_box_is_apart() -> None:
    pieces, boxes = _collect("<txbxContent><r><t>boxed</t></r></txbxContent>")

    assert (pieces, boxes) == ([], ["boxed"])


def test_a_paragraph_of_a_hidden_style_has_no_text_but_boxes_in_it_may() -> None:
    hidden = "<p><pPr><pStyle val='hid'/></pPr><r><t>no</t></r>{0}<r><t>no</t></r></p>"
    box = "<r><rPr><vanish val='0'/></rPr><txbxContent><p><r><t>boxed</t></r></p></txbxContent></r>"

    assert "".join(_collect(hidden.format(box))[0]).split() == ["boxed"]


@pytest.mark.parametrize(
    ("mark", "style", "text"),
    [
        ("<showingPlcHdr/>", "ask", "before behind"),
        ("<showingPlcHdr val='0'/>", "ask", "before asked behind"),
        ("<showingPlcHdr/>", "other", "before asked behind"),
        ("", "ask", "before asked behind"),
    ],
)
def test_what_a_control_asks_for_is_no_text(mark: str, style: str, text: str) -> None:
    run = f"<r><rPr><rStyle val='{style}'/></rPr><t>asked</t></r>"
    control = f"<sdt><sdtPr>{mark}</sdtPr><sdtContent>{run}</sdtContent></sdt>"

    pieces, _ = _collect(f"<p><r><t>before </t></r>{control}<r><t> behind</t></r></p>")
    assert "".join(pieces).split() == text.split()


@pytest.mark.parametrize(
    ("chosen", "rest", "text"),
    [
        ("<result val='1'/>", "", "大阪"),
        ("<default val='1'/>", "", "大阪"),
        ("", "", "東京"),
        ("<result val='7'/>", "", ""),
        ("<result val='1'/>", "<r><fldChar fldCharType='separate'/></r><r><t>saved</t></r>", "saved"),
    ],
)
def test_the_choice_in_an_old_form_is_text(chosen: str, rest: str, text: str) -> None:
    entries = "<listEntry val='東京'/><listEntry val='大阪'/>"
    data = f"<ffData><ddList>{chosen}{entries}</ddList></ffData>"
    begin = f"<r><fldChar fldCharType='begin'>{data}</fldChar></r>"

    assert "".join(_collect(f"<p>{begin}{rest}<r><fldChar fldCharType='end'/></r></p>")[0]).strip() == text
