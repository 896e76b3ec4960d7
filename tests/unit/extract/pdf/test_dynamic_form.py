"""Forms that a program draws: which PDFs are such, and what is read of them."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.stand_ins.made_pdfs import raw_pdf, stream
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code
from worker.extract.page_source import PageSource
from worker.extract.pdf import dynamic_form
from worker.extract.pdf.document import open_pdf
from worker.extract.pdf.dynamic_form import form_text, is_dynamic_form
from worker.models.page import Page

pytestmark = pytest.mark.unit

_TEMPLATE = """<template xmlns="http://www.xfa.org/schema/xfa-template/2.8/"><subform name="form1">
<draw name="head"><value><text>申請 書</text></value></draw>
<draw name="line"><value><line/></value></draw>
<field name="who"><caption><value><text>氏名</text></value></caption>
<value><text>default</text></value></field>
<field name="row"><caption><value><exData>
<body xmlns="http://www.w3.org/1999/xhtml"><p>品 <b>名</b></p></body>
</exData></value></caption></field>
<field name="empty"><caption><value><text>備考</text></value></caption></field>
</subform></template>"""
_DATASETS = """<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form1>
<who>田中 太郎</who><row>机</row><row>椅子</row><empty/></form1></xfa:data></xfa:datasets>"""
_PACKETS = b"/AcroForm<</Fields[]/XFA[(preamble) 5 0 R(config) 4 0 R]>>"
_WHOLE = b"/NeedsRendering true/AcroForm<</Fields[]/XFA[(preamble) 5 0 R(template) 6 0 R(datasets) 7 0 R]>>"


def _pdf(
    folder: Path,
    catalogue: bytes,
    *,
    dynamic: bytes = b"required",
    template: str = _TEMPLATE,
    datasets: str = _DATASETS,
) -> Path:
    configuration = b"<config><dynamicRender>%s</dynamicRender></config>" % dynamic
    return raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
            4: stream(configuration),
            5: stream(b"<xdp>"),
            6: stream(template.encode()),
            7: stream(datasets.encode()),
        },
    )


def _open(
    folder: Path, catalogue: bytes, *, template: str = _TEMPLATE, datasets: str = _DATASETS
) -> PageSource:
    return open_pdf(_pdf(folder, catalogue, template=template, datasets=datasets), read_options(Settings()))


@pytest.mark.parametrize(
    ("catalogue", "is_dynamic"),
    [
        (b"", False),
        (b"/AcroForm<</Fields[]>>", False),
        (b"/NeedsRendering true/AcroForm<</Fields[]/XFA 5 0 R>>", True),
        (_PACKETS, True),
        (b"/AcroForm<</Fields[]/XFA 5 0 R>>", False),
    ],
    ids=["none", "a form", "needs rendering", "by its packets", "a static form"],
)
def test_forms_that_a_program_draws_are_known(tmp_path: Path, catalogue: bytes, is_dynamic: bool) -> None:
    assert is_dynamic_form(pypdfium2.PdfDocument(_pdf(tmp_path, catalogue))) is is_dynamic


def test_a_form_that_must_not_be_drawn_is_static(tmp_path: Path) -> None:
    assert not is_dynamic_form(pypdfium2.PdfDocument(_pdf(tmp_path, _PACKETS, dynamic=b"forbidden")))


def test_labels_and_values_are_a_page_behind_the_others(tmp_path: Path) -> None:
    source = _open(tmp_path, _WHOLE)
    assert (source.page_count, source.unread) == (2, ())
    page = list(source.pages)[1]
    assert isinstance(page, Page)
    assert page.text.split("\n") == ["申請 書", "氏名: 田中 太郎", "品 名: 机", "備考", "椅子"]


@pytest.mark.parametrize(
    ("template", "datasets"),
    [
        ("<template", "<data"),
        ("<template/>", "<data><a/></data>"),
        (
            "<!DOCTYPE t [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><template><draw><value>&e;</value></draw></template>",
            "",
        ),
    ],
    ids=["damaged", "empty", "an entity"],
)
def test_a_form_of_which_nothing_can_be_read_is_named(tmp_path: Path, template: str, datasets: str) -> None:
    source = _open(tmp_path, _WHOLE, template=template, datasets=datasets)
    assert (source.page_count, source.unread) == (1, (Code.DYNAMIC_FORM,))


def test_a_form_in_one_piece_is_read_too(tmp_path: Path) -> None:
    whole = f"<xdp>{_TEMPLATE}{_DATASETS}</xdp>"
    catalogue = b"/NeedsRendering true/AcroForm<</Fields[]/XFA 6 0 R>>"
    assert form_text(pypdfium2.PdfDocument(_pdf(tmp_path, catalogue, template=whole))).text.startswith(
        "申請 書\n氏名: 田中"
    )


def test_values_are_read_once_whatever_their_names_are(tmp_path: Path) -> None:
    datasets = (
        "<datasets><data><form1><data><who>田中</who><template>机</template></data></form1></data></datasets>"
    )
    source = _open(tmp_path, _WHOLE, datasets=datasets)
    page = list(source.pages)[1]
    assert isinstance(page, Page)
    assert [page.text.count(value) for value in ("田中", "机")] == [1, 1]


def test_a_group_of_choices_has_its_label(tmp_path: Path) -> None:
    template = (
        "<template><exclGroup name='sex'><caption><value><text>性別</text></value></caption>"
        "<field name='m'><caption><value><text>男</text></value></caption></field></exclGroup></template>"
    )
    source = _open(tmp_path, _WHOLE, template=template, datasets="<data><sex>1</sex></data>")
    page = list(source.pages)[1]
    assert isinstance(page, Page)
    assert page.text.split("\n") == ["性別", "男", "1"]


def test_parts_beyond_the_size_of_all_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamic_form, "_MAX_BYTES", len(_TEMPLATE.encode()) + 100)
    source = _open(tmp_path, _WHOLE, datasets=_DATASETS + " " * 100)
    assert source.unread == (Code.TOO_LARGE,)
    page = list(source.pages)[1]
    assert isinstance(page, Page)
    assert page.text.split("\n") == ["申請 書", "氏名", "品 名", "備考"]


def test_more_parts_than_any_program_writes_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamic_form, "_MAX_PARTS", 2)
    source = _open(tmp_path, _WHOLE)
    assert (source.page_count, source.unread) == (2, (Code.TOO_LARGE,))


@pytest.mark.parametrize(
    "datasets",
    [
        "<data>" + "<a>" * 100_000 + "x" + "</a>" * 100_000 + "</data>",
        "<data><v>" + "&b;" * 1000 + "</v></data>",
        f"<!DOCTYPE d [<!ENTITY a '{'x' * 1000}'><!ENTITY b '{'&a;' * 1000}'>]><data>{'&b;' * 1000}</data>",
    ],
    ids=["deep", "an unknown entity", "a thousand laughs"],
)
def test_a_part_that_is_a_bomb_costs_only_itself(tmp_path: Path, datasets: str) -> None:
    source = _open(tmp_path, _WHOLE, datasets=datasets)
    assert source.unread == (Code.CORRUPT,)
    page = list(source.pages)[1]
    assert isinstance(page, Page)
    assert page.text.split("\n") == ["申請 書", "氏名", "品 名", "備考"]


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    datasets = "<!DOCTYPE d [<!ENTITY a 'grown'>]><data><v>&a;&a;</v><w>value</w></data>"
    source = _open(tmp_path, _WHOLE, datasets=datasets)
    page = list(source.pages)[1]
    assert isinstance(page, Page)
    assert page.text.split("\n") == ["申請 書", "氏名", "品 名", "備考", "value"]
