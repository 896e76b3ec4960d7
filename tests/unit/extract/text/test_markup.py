"""HTML and XML: the visible text in any encoding, and nothing fetched or resolved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, RejectedError
from worker.extract.read_options import ReadOptions
from worker.extract.text.markup import open_html, open_xml
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn", "eng"), dpi=200)


def _html(folder: Path, data: bytes | str) -> str:
    path = folder / "a.html"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    (page,) = open_html(path, _OPTIONS).pages
    assert isinstance(page, Page)
    return page.text


def _xml(folder: Path, data: bytes | str) -> str:
    path = folder / "a.xml"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    (page,) = open_xml(path, _OPTIONS).pages
    assert isinstance(page, Page)
    return page.text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<title>報告</title><h1>売上</h1><p>一月</p><p>二月</p>", "報告\n売上\n一月\n二月"),
        ("<p>one\n   two<br>three</p>", "one two\nthree"),
        ("<p>Fish &amp; chips&nbsp;&lt;5&#8364;&gt; &copy;</p>", "Fish & chips <5€> ©"),
        ("<script>var a='<p>no';</script><style>p{}</style><p>yes</p>", "yes"),
        ("<noscript>no</noscript><template>no</template><p>yes</p>", "yes"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a\tb\n1\t2"),
        ("<p><ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>都</p>", "東京都"),
        ("<p hidden>no</p><div style='color:red; display: none'>no <div>no</div> no</div>yes", "yes"),
        ("<p>a <input hidden> b</p>", "a b"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("a <b>bold</b> word", "a bold word"),
        ("<!-- no --><p>yes", "yes"),
        ("<svg><title>no</title></svg>yes", "yes"),
        ("<xml><x:Name xmlns:x='x'>no</x:Name></xml>yes", "yes"),
        ("", ""),
    ],
    ids=[
        *("blocks", "spaces", "entities", "scripts", "templates", "table", "furigana"),
        *(
            "hidden",
            "hidden without an end",
            "list",
            "inline",
            "comment",
            "drawing",
            "data of Excel",
            "nothing",
        ),
    ],
)
def test_html_is_its_visible_text(tmp_path: Path, html: str, expected: str) -> None:
    assert _html(tmp_path, f"<html><body>{html}</body></html>") == expected


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("cp932", '<meta charset="Shift_JIS">'),
        ("euc_jp", '<meta http-equiv="Content-Type" content="text/html; charset=EUC-JP">'),
        ("iso2022_jp", "<meta charset=iso-2022-jp>"),
        ("utf-8", '<meta charset="Shift_JIS">'),
        ("cp932", '<meta charset="utf-8">'),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("cp932", ""),
        ("euc_jp", ""),
    ],
)
def test_html_is_read_in_its_encoding_whatever_it_declares(tmp_path: Path, encoding: str, head: str) -> None:
    html = f"<html><head>{head}<title>表紙</title></head><body>見積書の本文です</body></html>"

    assert _html(tmp_path, html.encode(encoding)) == "表紙\n見積書の本文です"


def test_markup_of_any_depth_costs_no_stack(tmp_path: Path) -> None:
    assert _html(tmp_path, "<div>" * 100_000 + "deep") == "deep"
    assert _xml(tmp_path, "<a>" * 100_000 + "deep" + "</a>" * 100_000) == "deep"


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<a><b>one</b><c>two</c></a>", "one\ntwo"),
        ("<p>Hello <b>W</b>orld <i>!</i></p>", "Hello World !"),
        ("<a>\n  <b>one</b>\n\n\n  <b>two</b>\n</a>", "one\ntwo"),
        ("<a><![CDATA[1 < 2]]> &amp; &lt;b&gt; &#x3042;</a>", "1 < 2 & <b> あ"),
        ("<a><!-- no --><?no no?>yes</a>", "yes"),
        ("<a>1&nbsp;000</a>", "1\xa0000"),
        ('<a title="no"/>', ""),
        ("<a><b>one</b><p:binaryData>aGVs\nbG8=</p:binaryData><b>two</b></a>", "one\ntwo"),
    ],
)
def test_xml_is_the_text_between_the_tags(tmp_path: Path, xml: str, expected: str) -> None:
    assert _xml(tmp_path, xml) == expected


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("cp932", "Shift_JIS"),
        ("euc_jp", "EUC-JP"),
        ("utf-8", "Shift_JIS"),
        ("utf-16", "UTF-16"),
        ("cp932", ""),
    ],
)
def test_xml_is_read_in_its_encoding(tmp_path: Path, encoding: str, declared: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""

    assert (
        _xml(tmp_path, f"{declaration}<文書>見積書の本文です</文書>".encode(encoding)) == "見積書の本文です"
    )


@pytest.mark.parametrize("place", ["file", "dtd", "parameter"])
def test_nothing_of_this_machine_gets_in_through_an_entity(tmp_path: Path, place: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text('<!ENTITY x "the secret">' if place != "file" else "the secret")
    uri = secret.as_uri()
    dtd = {
        "file": f'[<!ENTITY x SYSTEM "{uri}">]',
        "dtd": f'SYSTEM "{uri}"',
        "parameter": f'[<!ENTITY % p SYSTEM "{uri}"> %p;]',
    }[place]

    assert _xml(tmp_path, f"<!DOCTYPE a {dtd}><a>before &x; after</a>") == "before &x; after"


def test_entities_stay_as_they_are_written(tmp_path: Path) -> None:
    assert _xml(tmp_path, '<!DOCTYPE a [<!ENTITY x "no">]><a>before &x; after</a>') == "before &x; after"


def test_entities_within_entities_are_not_expanded(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))

    assert _xml(tmp_path, f'<!DOCTYPE a [<!ENTITY e0 "ha">{levels}]><a>&e9;</a>') == "&e9;"


def test_xml_that_is_not_well_formed_is_read_as_plain_text(tmp_path: Path) -> None:
    assert _xml(tmp_path, "<a><b>one</a>") == "<a><b>one</a>"


@pytest.mark.parametrize("opener", [open_html, open_xml])
def test_an_empty_file_says_so(tmp_path: Path, opener: type) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")

    with pytest.raises(RejectedError) as caught:
        opener(path, _OPTIONS)
    assert caught.value.code is Code.EMPTY


def test_text_over_the_limit_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>" + "あ" * 100)
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_text_chars=40))

    (page,) = open_html(path, options).pages

    assert isinstance(page, Page)
    assert (page.text, page.reason) == ("あ" * 40, Code.TOO_LARGE)


@given(st.binary(max_size=200))
def test_invalid_data_is_no_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("invalid")
    texts = _html(folder, b"<p>" + data), _xml(folder, b"<a>" + data)
    assert [text for text in texts if len(text) > len("<a>") + len(data)] == []


def test_words_that_ocr_programs_write_into_attributes_are_lines(tmp_path: Path) -> None:
    alto = (
        '<?xml version="1.0"?><alto xmlns="x"><Layout><Page><TextBlock>\n'
        '<TextLine><String CONTENT="東京" HPOS="1"/>\n  <String CONTENT="都"/>\n<SP WIDTH="3"/>'
        '<String CONTENT="exam" SUBS_TYPE="HypPart1" SUBS_CONTENT="example"/><HYP CONTENT="-"/></TextLine>\n'
        '<TextLine><String CONTENT="ple" SUBS_TYPE="HypPart2" SUBS_CONTENT="example"/><SP/>'
        '<String CONTENT="end"/><String CONTENT="&amp;"/><String CONTENT="no"/> <String CONTENT="more"/>'
        "</TextLine></TextBlock></Page></Layout></alto>"
    )
    assert _xml(tmp_path, alto).splitlines() == ["東京都 example", "end&no more"]


def test_lines_that_ocr_programs_write_into_attributes_are_lines(tmp_path: Path) -> None:
    page = '<PAGE IMAGENAME="a"><LINE STRING="一行目" X="1"/><LINE STRING="二行目"/><LINE X="2"/></PAGE>'
    found = _xml(tmp_path, f'<?xml version="1.0"?><OCRDATASET>{page}</OCRDATASET>')

    assert found.splitlines() == ["一行目", "二行目"]


def test_a_string_without_content_is_an_element_as_others(tmp_path: Path) -> None:
    assert _xml(tmp_path, "<a><String>one</String><String>two</String></a>") == "one\ntwo"
    assert _xml(tmp_path, "<a><SP>one</SP><PV>two</PV></a>") == "one\ntwo"


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        (
            "<rss><title>AT&amp;T</title>"
            "<description>&lt;p&gt;Hello &lt;b&gt;you&lt;/b&gt;&lt;/p&gt;</description></rss>",
            "AT&T\nHello you",
        ),
        (
            "<rss><c:encoded xmlns:c='x'><![CDATA[<p>one<br>two &amp; &copy;</p>]]></c:encoded></rss>",
            "one\ntwo & ©",
        ),
        ("<feed><content type='html'>1 &lt; 2</content><link/></feed>", "1 < 2"),
        ("<rss><title>List&lt;String&gt;</title></rss>", "List<String>"),
        ("<feed><title>the &lt;b&gt; tag</title></feed>", "the <b> tag"),
        ("<feed><summary type='xhtml'><div>as <b>is</b></div></summary></feed>", "as is"),
        ("<note><description>&lt;p&gt;code&lt;/p&gt;</description></note>", "<p>code</p>"),
        ("<feed><code>&lt;p&gt;</code></feed>", "<p>"),
    ],
    ids=["rss", "cdata", "no markup", "no tag", "text", "xhtml", "no feed", "another element"],
)
def test_html_in_feeds_is_read_as_html(tmp_path: Path, feed: str, expected: str) -> None:
    assert _xml(tmp_path, feed) == expected
