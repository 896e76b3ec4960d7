"""What styles hide."""

from __future__ import annotations

import pytest
from lxml import etree

from worker.extract.office.word.run_styles import RunStyles, child_value, vanishes

pytestmark = pytest.mark.unit

_STYLES = """<styles>
<style type="character" styleId="hid"><rPr><vanish/></rPr></style>
<style type="character" styleId="child"><basedOn val="hid"/></style>
<style type="character" styleId="shown"><basedOn val="hid"/><rPr><vanish val="0"/></rPr></style>
<style type="character" styleId="loop"><basedOn val="loop"/></style>
<style type="character" styleId="a3"><name val="Placeholder Text"/></style>
<style type="paragraph" styleId="para"><rPr><vanish val="true"/></rPr></style>
{0}</styles>"""


def _styles(more: str = "") -> RunStyles:
    return RunStyles(etree.fromstring(_STYLES.format(more)).iter("style"))


@pytest.mark.parametrize(
    ("properties", "paragraph", "is_hidden"),
    [
        ("", "", False),
        ("<vanish/>", "", True),
        ("<vanish val='off'/>", "para", False),
        ("<rStyle val='hid'/>", "", True),
        ("<rStyle val='child'/>", "", True),
        ("<rStyle val='shown'/>", "", False),
        ("<rStyle val='loop'/>", "", False),
        ("<rStyle val='unknown'/>", "", False),
        ("<rStyle val='hid'/><vanish val='0'/>", "", False),
        ("", "para", True),
        ("<rStyle val='hid'/>", "para", False),
    ],
)
def test_text_is_hidden_by_itself_or_by_its_styles(properties: str, paragraph: str, is_hidden: bool) -> None:
    run = etree.fromstring(f"<r><rPr>{properties}</rPr><t>text</t></r>")
    assert _styles().hide(run, paragraph) is is_hidden
    assert RunStyles().hide(run, paragraph) is (properties == "<vanish/>")


def test_paragraphs_without_a_style_have_the_default_one() -> None:
    styles = _styles('<style type="paragraph" default="1" styleId="normal"><rPr><vanish/></rPr></style>')
    assert styles.hide(etree.fromstring("<r><t>text</t></r>"), "")
    assert not styles.hide(etree.fromstring("<r><t>text</t></r>"), "other")


def test_placeholders_are_known_by_the_name_of_their_style() -> None:
    run = etree.fromstring("<r><rPr><rStyle val='a3'/></rPr></r>")
    assert _styles().is_placeholder(run)
    assert not RunStyles().is_placeholder(run)
    assert not _styles().is_placeholder(etree.fromstring("<r/>"))


def test_values_of_elements() -> None:
    assert vanishes(etree.fromstring("<r><t/></r>")) is None
    assert child_value(etree.fromstring("<pPr><pStyle val='a'/></pPr>"), "pStyle") == "a"
    assert child_value(etree.fromstring("<pPr/>"), "pStyle") == ""
