"""What a page shows, whose elements are not closed or closed in another order."""

from __future__ import annotations

import pytest

from worker.extract.text.markup import html_text
from worker.extract.text.visible_text import mark_ends

pytestmark = pytest.mark.unit


def _shown(html: str) -> str:
    return html_text(html.encode(), "utf-8").strip()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>A</p><xml><x:a>data</x:a><p>B</p>", "A\ndata\nB"),
        ("<xml><x:a>data</x:a></xml><p>B</p>", "B"),
        ("<xml src='a'/><p>A</p><xml>data</xml><p>B</p>", "A\nB"),
        ("<head><xml><x:a>data</x:a></head><body><p>B</p></body>", "data\nB"),
        ("<xml><xml>data</xml>more</xml>B", "B"),
        ("<script>'<xml>'</script><p>A</p><xml>data</xml>", "A"),
        ("<!-- <xml> --><p>A</p><xml>data</xml>", "A"),
        ("<textarea>a</li>b</textarea><p hidden>no</p>", "a</li>b"),
    ],
)
def test_data_of_excel_is_hidden_only_where_it_ends(html: str, expected: str) -> None:
    assert _shown(html) == expected


@pytest.mark.parametrize("tag", ["style", "script", "noscript", "template", "iframe"])
def test_what_browsers_hide_to_the_end_is_hidden_to_the_end(tag: str) -> None:
    assert _shown(f"<p>A</p><{tag}><p>no</p>") == "A"


@pytest.mark.parametrize(
    "html",
    [
        "<p>A</p><!--[if mso]><p>no</p>",
        "<p>A</p><!--[if mso]><p>no</p><![endif]-->",
        "<![if !mso]>A<![endif]>",
    ],
)
def test_conditional_comments_are_comments(html: str) -> None:
    assert _shown(html) == "A"


def test_a_title_without_an_end_is_all_that_follows() -> None:
    assert "<p>B</p>" in _shown("<title>A<body><p>B</p>")


@pytest.mark.parametrize(
    "html",
    [
        "<section><div hidden>no<p>no</p></section><p>A</p>",
        "<ul><li><div hidden>no</ul><p>A</p>",
        "<p><span style='display:none'>no<p>A</p>",
        "<p><ruby><rt>no<p>A</p>",
        "<p hidden>no<p>A",
        "<table><tr><td hidden>no<td>A</table>",
        "<table><tr><td><div hidden>no<td>A</table>",
        "<p></p><div hidden><ul><li>no</ul><p>no</p>no</div>A",
        "<section><div hidden><section>no</section>no</div></section>A",
        "<table><tr><td><div hidden><table><tr><td>no<td>no</table>no</div>A</table>",
        "<section><div><table><tr><td><div hidden>no<p>no</section>no</table></div>A",
    ],
)
def test_a_hidden_element_ends_where_a_browser_ends_it(html: str) -> None:
    assert _shown(html) == "A"


def test_the_labels_of_drawings_are_shown() -> None:
    drawing = "<svg><title>no</title><desc>no</desc><defs><text>no</text></defs>no<g><text>受付</text>"
    more = "<text display='none'>no</text><foreignObject><p>検査 <b>済</b></p></foreignObject></g>"
    assert _shown(f"<p>A</p>{drawing}{more}</svg>B") == "A\n受付\n検査 済\nB"
    assert _shown(f"{drawing}<p>B</p>") == "受付\nB"


def test_fields_of_forms_are_shown_with_their_values() -> None:
    fields = "<input value='山田'><input type=hidden value=no><input type=password value=no>"
    assert _shown(f"氏名:{fields}<input type=submit value='送信'><input>") == "氏名: 山田 送信"


@pytest.mark.parametrize("tag", ["datalist", "video", "audio", "canvas", "noembed"])
def test_what_is_for_older_browsers_is_not_shown(tag: str) -> None:
    assert _shown(f"<{tag}>no</{tag}>A") == "A"


def test_a_page_that_hides_nothing_is_parsed_as_it_is() -> None:
    assert mark_ends("<ul><li>a</ul>") == "<ul><li>a</ul>"
