"""Word documents: the visible text, in document order."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from PIL import Image

from tests.stand_ins.made_docx import archive_of, docx_of, paragraph, part
from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.extract.office.docx import open_docx
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def _page(path: Path, options: ReadOptions = _OPTIONS) -> Page:
    (page,) = open_docx(path, options).pages
    assert isinstance(page, Page)
    return page


def _text(path: Path) -> str:
    return _page(path).text


def test_paragraphs_and_tables_come_in_order_with_header_and_footer(tmp_path: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "社外秘"
    document.sections[0].footer.paragraphs[0].text = "Page foot"
    document.add_paragraph("営業報告書")
    table = document.add_table(rows=2, cols=2)
    for row, texts in zip(table.rows, [("品名", "金額"), ("りんご", "100")], strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_paragraph("以上")
    path = tmp_path / "report.docx"
    document.save(str(path))

    source = open_docx(path, _OPTIONS)

    assert source.page_count == 1
    assert list(source.pages) == [
        Page(
            number=1,
            text="社外秘\n営業報告書\n品名\t金額\nりんご\t100\n以上\nPage foot",
            source=TextSource.FILE,
            language="jpn",
        )
    ]
    assert source.preview() is None


def test_the_same_header_on_first_and_other_pages_is_read_once(tmp_path: Path) -> None:
    header = part(paragraph("Header"), root="hdr")

    assert _text(docx_of(tmp_path, paragraph("Body"), header1=header, header2=header)) == "Header\nBody"


def test_footnotes_and_comments_are_read(tmp_path: Path) -> None:
    path = docx_of(
        tmp_path,
        paragraph("Body"),
        footnotes=part(paragraph("A note"), root="footnotes"),
        comments=part(paragraph("A remark"), root="comments"),
    )

    assert _text(path) == "Body\nA note\nA remark"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t></w:r></w:p>",
            "one\ttwo\nthree",
        ),
        ("<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>no tab</w:t></w:r></w:p>", "no tab"),
        (
            '<w:p><w:r><w:t>a</w:t><w:t xml:space="preserve"> </w:t><w:t>b</w:t></w:r></w:p>',
            "a b",
        ),
        ("<w:p><w:r><w:instrText>PAGE \\* MERGEFORMAT</w:instrText></w:r><w:r><w:t>3</w:t></w:r></w:p>", "3"),
        (
            "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>",
            "new",
        ),
        (
            "<w:p><w:r><w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt>"
            "<w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
            "東京",
        ),
        (
            "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc>" + paragraph("old") + "</w:tc></w:tr>"
            "<w:tr><w:trPr><w:ins/></w:trPr><w:tc>" + paragraph("new") + "</w:tc></w:tr></w:tbl>",
            "new",
        ),
        ("<w:sdt><w:sdtContent>" + paragraph("a control") + "</w:sdtContent></w:sdt>", "a control"),
        ("<w:p><w:r><w:t>a</w:t></w:r><!-- comment --></w:p>", "a"),
        ("<w:tbl><w:tr><w:tc>" + paragraph("one") + paragraph("two") + "</w:tc></w:tr></w:tbl>", "one two"),
        (
            "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
            '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown</w:t></w:r></w:p>',
            "shown",
        ),
    ],
    ids=[
        "whitespace",
        "tab stops",
        "space",
        "field",
        "changes",
        "furigana",
        "rows",
        "control",
        "comment",
        "cell",
        "hidden",
    ],
)
def test_only_visible_text_is_read(tmp_path: Path, body: str, expected: str) -> None:
    assert _text(docx_of(tmp_path, body)) == expected


def test_cells_in_content_controls_are_cells(tmp_path: Path) -> None:
    row = (
        f"<w:tr><w:tc>{paragraph('one')}</w:tc><w:sdt><w:sdtContent><w:tc>{paragraph('two')}</w:tc><w:tc>{paragraph('three')}</w:tc>"
        "</w:sdtContent></w:sdt></w:tr>"
    )

    assert _text(docx_of(tmp_path, f"<w:tbl>{row}</w:tbl>")) == "one\ttwo\tthree"


def test_a_text_box_written_twice_is_read_once_and_interrupts_no_sentence(tmp_path: Path) -> None:
    box = "<w:txbxContent>" + paragraph("in the box") + "</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>before </w:t></w:r><w:r><mc:AlternateContent>"
        f"<mc:Choice Requires='wps'><wps:txbx>{box}</wps:txbx></mc:Choice>"
        f"<mc:Fallback><v:textbox>{box}</v:textbox></mc:Fallback>"
        "</mc:AlternateContent></w:r><w:r><w:t>after</w:t></w:r></w:p>"
    )

    assert _text(docx_of(tmp_path, body)) == "before after\nin the box"


def test_the_fallback_is_read_where_the_choice_has_no_text(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><mc:AlternateContent><mc:Choice Requires='x'><wps:wsp/></mc:Choice>"
        "<mc:Fallback><w:t>only here</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )

    assert _text(docx_of(tmp_path, body)) == "only here"


def test_symbols_of_fonts_fields_without_result_and_word_art_are_read(tmp_path: Path) -> None:
    body = (
        '<w:p><w:r><w:sym w:font="MS Mincho" w:char="2460"/><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>'
        '<w:fldSimple w:instr="EQ \\o(○,印)"/>'
        '<w:r><w:pict><v:textpath string="社外秘"/></w:pict></w:r></w:p>'
    )

    assert _text(docx_of(tmp_path, body)) == "①印社外秘"


def test_strict_files_are_read_too(tmp_path: Path) -> None:
    path = archive_of(
        tmp_path / "a.docx", {"word/document.xml": part(paragraph("Strict"), namespace=_STRICT)}
    )

    assert _text(path) == "Strict"


def _with_relations(folder: Path, body: str, parts: dict[str, str | bytes], *kinds: str) -> Path:
    """A document that refers to parts, one kind each, in their order."""
    lines = "".join(
        f'<Relationship Id="r{number}" Type="x/{kind}" Target="/{part}"/>'
        for number, (kind, part) in enumerate(zip(kinds, parts, strict=True))
    )
    path = docx_of(folder, body)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/_rels/document.xml.rels", f"<r>{lines}</r>")
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_charts_and_smart_art_are_read_after_the_body(tmp_path: Path) -> None:
    drawn = "<c:x xmlns:c='c'><c:{0}><c:p><c:r><c:t>{1}</c:t></c:r></c:p></c:{0}></c:x>"
    parts: dict[str, str | bytes] = {
        "word/charts/chart1.xml": drawn.format("title", "売上"),
        "word/diagrams/data1.xml": drawn.format("pt", "企画"),
        "word/charts/chart2.xml": "<damaged",
    }

    path = _with_relations(tmp_path, paragraph("Body"), parts, "chart", "diagramData", "chart")

    assert _text(path) == "Body\n売上\n企画"


@pytest.mark.parametrize(("body", "pages"), [(paragraph("Body"), ["Body", 2]), (paragraph(""), [1])])
def test_pictures_are_pages_for_ocr_and_the_first_page_where_there_is_no_text(
    tmp_path: Path, body: str, pages: list[str | int]
) -> None:
    buffer = io.BytesIO()
    Image.new("L", (200, 100), 50).save(buffer, "PNG")
    path = _with_relations(tmp_path, body, {"word/media/a.png": buffer.getvalue()}, "image")

    source = open_docx(path, _OPTIONS)

    assert [page.text if isinstance(page, Page) else page for page in source.pages] == pages
    with Image.open(source.render(len(pages), tmp_path)) as image:
        assert image.size == (200, 100)


def test_text_hidden_by_a_style_is_left_out(tmp_path: Path) -> None:
    styles = '<w:styles xmlns:w="x"><w:style w:styleId="h"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
    body = '<w:p><w:r><w:rPr><w:rStyle w:val="h"/></w:rPr><w:t>no</w:t></w:r><w:r><w:t>yes</w:t></w:r></w:p>'
    (page,) = open_docx(docx_of(tmp_path, body, styles=styles), _OPTIONS).pages
    assert isinstance(page, Page)
    assert page.text == "yes"
    (page,) = open_docx(docx_of(tmp_path, body, styles="damaged"), _OPTIONS).pages
    assert isinstance(page, Page)
    assert page.text == "noyes"
