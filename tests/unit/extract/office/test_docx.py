"""Word documents: what a reader sees, in order, and nothing that harms."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from PIL import Image

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.office.docx import open_docx
from worker.extract.read_options import ReadOptions
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_NAMESPACES = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def _part(body: str, *, root: str = "document", namespace: str = _WORD) -> str:
    return f'<w:{root} xmlns:w="{namespace}" {_NAMESPACES}><w:body>{body}</w:body></w:{root}>'


def _archive(path: Path, parts: dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in {"[Content_Types].xml": "<Types/>", **parts}.items():
            archive.writestr(name, content)
    return path


def _docx(folder: Path, body: str, **parts: str) -> Path:
    named = {f"word/{name}.xml": content for name, content in parts.items()}
    return _archive(folder / "a.docx", {**named, "word/document.xml": _part(body)})


def _page(path: Path, options: ReadOptions = _OPTIONS) -> Page:
    (page,) = open_docx(path, options).pages
    assert isinstance(page, Page)
    return page


def _text(path: Path) -> str:
    return _page(path).text


def _p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_paragraphs_and_tables_stand_in_their_order_with_header_and_footer(tmp_path: Path) -> None:
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
    header = _part(_p("Header"), root="hdr")

    assert _text(_docx(tmp_path, _p("Body"), header1=header, header2=header)) == "Header\nBody"


def test_footnotes_and_comments_are_read(tmp_path: Path) -> None:
    path = _docx(
        tmp_path,
        _p("Body"),
        footnotes=_part(_p("A note"), root="footnotes"),
        comments=_part(_p("A remark"), root="comments"),
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
            "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc>" + _p("old") + "</w:tc></w:tr>"
            "<w:tr><w:trPr><w:ins/></w:trPr><w:tc>" + _p("new") + "</w:tc></w:tr></w:tbl>",
            "new",
        ),
        ("<w:sdt><w:sdtContent>" + _p("a control") + "</w:sdtContent></w:sdt>", "a control"),
        ("<w:p><w:r><w:t>a</w:t></w:r><!-- unseen --></w:p>", "a"),
        ("<w:tbl><w:tr><w:tc>" + _p("one") + _p("two") + "</w:tc></w:tr></w:tbl>", "one two"),
    ],
    ids=["signs", "tab stops", "space", "field", "changes", "furigana", "rows", "control", "comment", "cell"],
)
def test_what_is_read_is_what_is_seen(tmp_path: Path, body: str, expected: str) -> None:
    assert _text(_docx(tmp_path, body)) == expected


def test_cells_in_content_controls_are_cells(tmp_path: Path) -> None:
    row = (
        f"<w:tr><w:tc>{_p('one')}</w:tc><w:sdt><w:sdtContent><w:tc>{_p('two')}</w:tc><w:tc>{_p('three')}</w:tc>"
        "</w:sdtContent></w:sdt></w:tr>"
    )

    assert _text(_docx(tmp_path, f"<w:tbl>{row}</w:tbl>")) == "one\ttwo\tthree"


def test_a_text_box_written_twice_is_read_once_and_parts_no_sentence(tmp_path: Path) -> None:
    box = "<w:txbxContent>" + _p("in the box") + "</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>before </w:t></w:r><w:r><mc:AlternateContent>"
        f"<mc:Choice Requires='wps'><wps:txbx>{box}</wps:txbx></mc:Choice>"
        f"<mc:Fallback><v:textbox>{box}</v:textbox></mc:Fallback>"
        "</mc:AlternateContent></w:r><w:r><w:t>after</w:t></w:r></w:p>"
    )

    assert _text(_docx(tmp_path, body)) == "before after\nin the box"


def test_the_fallback_is_read_where_the_choice_has_no_text(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><mc:AlternateContent><mc:Choice Requires='x'><wps:wsp/></mc:Choice>"
        "<mc:Fallback><w:t>only here</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )

    assert _text(_docx(tmp_path, body)) == "only here"


def test_signs_from_fonts_fields_without_result_and_words_as_pictures_are_read(tmp_path: Path) -> None:
    body = (
        '<w:p><w:r><w:sym w:font="MS Mincho" w:char="2460"/><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>'
        '<w:fldSimple w:instr="EQ \\o(○,印)"/>'
        '<w:r><w:pict><v:textpath string="社外秘"/></w:pict></w:r></w:p>'
    )

    assert _text(_docx(tmp_path, body)) == "①印社外秘"


def test_strict_files_are_read_too(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.docx", {"word/document.xml": _part(_p("Strict"), namespace=_STRICT)})

    assert _text(path) == "Strict"


def test_external_entities_are_never_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    xml = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>' + _part(_p("before &x; after"))
    path = _archive(tmp_path / "a.docx", {"word/document.xml": xml})

    assert "secret" not in _text(path)


def test_entities_that_multiply_are_not_expanded(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    xml = f'<!DOCTYPE d [<!ENTITY e0 "lol">{levels}]>' + _part(_p("&e9;"))
    path = _archive(tmp_path / "a.docx", {"word/document.xml": xml})

    assert _rejection(path) is Code.CORRUPT


def _with_relations(folder: Path, body: str, parts: dict[str, str | bytes], *kinds: str) -> Path:
    """A document that refers to parts, one kind each, in their order."""
    lines = "".join(
        f'<Relationship Id="r{number}" Type="x/{kind}" Target="/{part}"/>'
        for number, (kind, part) in enumerate(zip(kinds, parts, strict=True))
    )
    path = _docx(folder, body)
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

    path = _with_relations(tmp_path, _p("Body"), parts, "chart", "diagramData", "chart")

    assert _text(path) == "Body\n売上\n企画"


@pytest.mark.parametrize(("body", "pages"), [(_p("Body"), ["Body", 2]), (_p(""), [1])])
def test_pictures_are_pages_to_recognise_and_the_first_where_there_is_no_text(
    tmp_path: Path, body: str, pages: list[str | int]
) -> None:
    buffer = io.BytesIO()
    Image.new("L", (200, 100), 50).save(buffer, "PNG")
    path = _with_relations(tmp_path, body, {"word/media/a.png": buffer.getvalue()}, "image")

    source = open_docx(path, _OPTIONS)

    assert [page.text if isinstance(page, Page) else page for page in source.pages] == pages
    with Image.open(source.render(len(pages), tmp_path)) as drawn:
        assert drawn.size == (200, 100)


def test_text_before_a_damaged_place_is_kept_with_the_reason(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.docx", {"word/document.xml": _part(_p("Kept") + "<w:p><w:r>")[:-20]})

    page = _page(path)

    assert (page.text, page.reason) == ("Kept", Code.CORRUPT)


def test_text_over_the_limit_is_cut_and_says_so(tmp_path: Path) -> None:
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=3))

    page = _page(_docx(tmp_path, _p("営業報告書")), options)

    assert (page.text, page.reason) == ("営業報", Code.TOO_LARGE)


def _rejection(path: Path) -> Code:
    with pytest.raises(RejectedError, match=path.name) as caught:
        open_docx(path, _OPTIONS)
    return caught.value.code


@pytest.mark.parametrize(
    "document",
    ["<w:document", "no xml", _part("<w:p>" * 5 + "</w:p>"), "<a>" * 2000 + "</a>" * 2000],
    ids=["truncated", "text", "unbalanced", "deep"],
)
def test_a_document_that_is_no_xml_is_corrupt(tmp_path: Path, document: str) -> None:
    assert _rejection(_archive(tmp_path / "a.docx", {"word/document.xml": document})) is Code.CORRUPT


def test_an_archive_without_a_document_is_corrupt(tmp_path: Path) -> None:
    assert _rejection(_archive(tmp_path / "a.docx", {"word/styles.xml": "<a/>"})) is Code.CORRUPT


def test_a_truncated_archive_is_corrupt(tmp_path: Path) -> None:
    path = _docx(tmp_path, _p("Hello"))
    path.write_bytes(path.read_bytes()[:200])

    assert _rejection(path) is Code.CORRUPT


def test_a_damaged_part_is_corrupt(tmp_path: Path) -> None:
    path = _docx(tmp_path, _p("Hello" * 50))
    data = bytearray(path.read_bytes())
    start = data.index(b"word/document.xml") + len("word/document.xml")
    data[start : start + 20] = bytes(20)
    path.write_bytes(data)

    assert _rejection(path) is Code.CORRUPT


def test_compressible_text_of_ordinary_size_is_no_bomb(tmp_path: Path) -> None:
    body = _p("同じ文。" * 250) * 1000

    assert len(_text(_docx(tmp_path, body))) > 1_000_000


def test_a_document_written_by_a_library_survives_a_dangling_link(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Hello")
    document.save(buffer)
    path = tmp_path / "dangling.docx"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if not name.startswith(("word/theme", "word/styles")):
                new.writestr(name, old.read(name))

    assert _text(path) == "Hello"
