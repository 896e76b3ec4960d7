"""Text of shapes, tables, charts and SmartArt, in the order the file has them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from worker.extract.office.drawingml import chart_text, drawing_text
from worker.extract.office.ooxml_package import UNREADABLE, Package, open_package

pytestmark = pytest.mark.unit

_RELATION_NAMES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SLIDE = "ppt/slides/slide1.xml"
_CHART_PART = "ppt/charts/chart1.xml"
_RELATIONS = (
    '<r><Relationship Id="c1" Type="x/chart" Target="../charts/chart1.xml"/>'
    '<Relationship Id="d1" Type="x/diagramData" Target="../diagrams/data1.xml"/></r>'
)
_CHART = (
    "<c:c xmlns:c='urn:c' xmlns:a='urn:a'><c:title><c:tx><c:rich>"
    "<a:p><a:r><a:t>売上</a:t></a:r></a:p></c:rich></c:tx></c:title><c:ser><c:tx><c:v>東京</c:v></c:tx><c:cat><c:pt><c:v>一月</c:v></c:pt><c:pt><c:v>二月</c:v>"
    "</c:pt></c:cat><c:val><c:pt><c:v>10</c:v></c:pt></c:val></c:ser>"
    "<c:ser><c:tx><c:v>大阪</c:v></c:tx><c:cat><c:pt><c:v>一月</c:v></c:pt></c:cat></c:ser></c:c>"
)
_SMART_ART = (
    "<d:m xmlns:d='urn:d' xmlns:a='urn:a'><d:pt><d:t><a:bodyPr/>"
    "<a:p><a:r><a:t>企画</a:t></a:r></a:p></d:t></d:pt>"
    "<d:pt><d:t><a:p><a:r><a:t>実行</a:t></a:r></a:p></d:t></d:pt></d:m>"
)


def _package(folder: Path, shapes: str, parts: dict[str, str] | None = None) -> Package:
    path = folder / "a.pptx"
    slide = (
        f'<p:sld xmlns:p="urn:p" xmlns:a="urn:a" xmlns:r="{_RELATION_NAMES}" xmlns:c="urn:c" '
        f'xmlns:d="urn:d" xmlns:mc="urn:mc"><p:spTree>{shapes}</p:spTree></p:sld>'
    )
    known = {
        _SLIDE: slide,
        "ppt/slides/_rels/slide1.xml.rels": _RELATIONS,
        _CHART_PART: _CHART,
        "ppt/diagrams/data1.xml": _SMART_ART,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (known | (parts or {})).items():
            archive.writestr(name, content)
    return open_package(path)


def _shape(text: str, placeholder: str = "") -> str:
    kind = f'<p:nvSpPr><p:nvPr><p:ph type="{placeholder}"/></p:nvPr></p:nvSpPr>' if placeholder else ""
    return f"<p:sp>{kind}<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def _cell(text: str) -> str:
    return f"<a:tc><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (
            _shape("one") + f"<p:grpSp>{_shape('two')}<p:grpSp>{_shape('three')}</p:grpSp></p:grpSp>",
            "one\ntwo\nthree",
        ),
        (
            "<p:sp><p:txBody><a:p><a:r><a:t>a</a:t></a:r><a:r><a:t>b</a:t></a:r><a:br/><a:r><a:t>c</a:t></a:r></a:p>"
            "<a:p/><a:p><a:fld type='datetime1'><a:t>2024</a:t></a:fld></a:p></p:txBody></p:sp>",
            "ab\nc\n2024",
        ),
        (_shape("body") + _shape("7", "sldNum") + _shape("foot", "ftr"), "body\nfoot"),
        ("<p:sp><p:txBody><a:p><a:fld type='slidenum'><a:t>7</a:t></a:fld></a:p></p:txBody></p:sp>", ""),
        (
            f"<a:tbl><a:tr>{_cell('品名')}{_cell('金額')}</a:tr><a:tr>{_cell('りんご')}{_cell('')}</a:tr></a:tbl>",
            "品名\t金額\nりんご",
        ),
        (
            f"<mc:AlternateContent><mc:Choice>{_shape('new')}</mc:Choice>"
            f"<mc:Fallback>{_shape('old')}</mc:Fallback></mc:AlternateContent>",
            "new",
        ),
        (
            "<mc:AlternateContent><mc:Choice><p:x/></mc:Choice>"
            f"<mc:Fallback>{_shape('old')}</mc:Fallback></mc:AlternateContent>",
            "old",
        ),
        ("<p:graphicFrame><c:chart r:id='c1'/></p:graphicFrame>", "売上\n東京\n一月\n二月\n大阪"),
        ("<p:graphicFrame><d:relIds r:dm='d1' r:lo='x'/></p:graphicFrame>", "企画\n実行"),
        ("<c:chart r:id='missing'/>" + _shape("rest"), "rest"),
        ("<d:relIds r:dm='d1'/>" * 3, "企画\n実行"),
        ("<p:cm><p:text>a remark</p:text></p:cm>", "a remark"),
    ],
    ids=[
        *("groups", "paragraphs", "slide number", "number field", "table", "choice", "fallback"),
        *("chart", "smart art", "dangling", "the same again", "comment"),
    ],
)
def test_shapes_and_their_parts_are_read(tmp_path: Path, shapes: str, expected: str) -> None:
    assert drawing_text(_package(tmp_path, shapes), _SLIDE) == expected


def test_placeholders_can_be_left_out(tmp_path: Path) -> None:
    package = _package(tmp_path, _shape("note", "body") + _shape("head", "hdr") + _shape("1", "sldNum"))

    assert drawing_text(package, _SLIDE, skip=("hdr",)) == "note\n1"


def test_a_damaged_chart_or_smart_art_costs_its_own_text_only(tmp_path: Path) -> None:
    shapes = "<c:chart r:id='c1'/><d:relIds r:dm='d1'/>" + _shape("rest")

    damaged = {_CHART_PART: "<c", "ppt/diagrams/data1.xml": "<d"}

    assert drawing_text(_package(tmp_path, shapes, damaged), _SLIDE) == "rest"


def test_a_damaged_chart_has_no_text(tmp_path: Path) -> None:
    assert chart_text(_package(tmp_path, "", {_CHART_PART: "<c"}), _CHART_PART) == ""


def test_a_damaged_part_raises(tmp_path: Path) -> None:
    with pytest.raises(UNREADABLE):
        drawing_text(_package(tmp_path, "<unclosed>"), _SLIDE)
