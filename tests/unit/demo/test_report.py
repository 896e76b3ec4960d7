from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from worker.aws.ledger_row import FileRow
from worker.demo.checks import DemoCheck
from worker.demo.page_pictures import HitBox, PagePicture
from worker.demo.report import render_page, write_page
from worker.demo.run_record import DemoDocument, Event, PageRead, RunRecord, Search, WorkerRun
from worker.index.search_index import SearchHit
from worker.models.document import Document
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource
from worker.samples.write import Sample

pytestmark = pytest.mark.unit

_HOSTILE = "<script>alert('x')</script>\"&"
_GOOD = DemoCheck(name="good", claim="It works", passed=True, detail="7 of 7")
_BAD = DemoCheck(name="bad", claim="It works too", passed=False, detail="it does not")

_SAMPLE = Sample(
    path=Path("fax.tiff"), kind="letters", file_type=FileType.TIFF, page_truths=("the true text",)
)


def record(*, text: str = "the ceramic\ntiles", snippet: str = "the [[ceramic]] tiles") -> RunRecord:
    page = Page(number=1, text=text, source=TextSource.OCR, language="eng", confidence=91.4)
    document = Document(
        file_id="f",
        bucket="b",
        key="fax.tiff",
        file_name="fax.tiff",
        file_path="/nas/fax.tiff",
        size_bytes=1,
        file_type=FileType.TIFF,
        state=State.INDEXED,
        pages=(page,),
    )
    hit = SearchHit(
        file_id="f", file_name="fax.tiff", file_path="/nas/fax.tiff", page=1, snippet=snippet, score=1.0
    )
    return RunRecord(
        documents=(
            DemoDocument(
                sample=_SAMPLE,
                file_id="f",
                row=FileRow(file_id="f", fence=1, state=State.INDEXED),
                document=document,
                similarities=(0.987,),
                took_s=4.2,
                thumbnail=b"webp",
            ),
        ),
        rows=(),
        reads=(PageRead(worker=2, file_id="f", page=1, took_s=1.0, at_s=9.0),),
        workers=(WorkerRun(number=1, started_s=0.0),),
        searches=(Search(query="ceramic tiles", expected_file="fax.tiff", hits=(hit,), total=1),),
        waiting=0,
        dead_letters=0,
        scan_id="f",
        notice_s=None,
        notice_in_s=None,
        took_s=10.0,
        events=(Event(at_s=1.0, text="It <began>."),),
    )


class _Balance(HTMLParser):
    """Checks that every element is closed in its turn."""

    _VOID = frozenset({"meta", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.seen: list[str] = []

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self._VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    page = render_page(record(), [_GOOD])
    parser = _Balance()
    parser.feed(page)

    assert parser.stack == []
    assert "script" not in parser.seen
    assert "link" not in parser.seen
    assert "http" not in page.replace("http-equiv", "")


def test_nothing_from_a_document_becomes_markup() -> None:
    page = render_page(record(text=_HOSTILE, snippet=_HOSTILE), [_GOOD])

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "It &lt;began&gt;." in page


def test_hits_are_highlighted_in_snippet_and_text_whatever_the_line_ends() -> None:
    page = render_page(record(), [_GOOD])

    assert "the <mark>ceramic</mark> tiles" in page
    assert "the <mark>ceramic</mark>\n<mark>tiles</mark>" in page


def test_a_phrase_is_highlighted_as_a_whole_and_part_of_it_is_not() -> None:
    run = record(text="ceramic plates and ceramic\ntiles")
    phrase = replace(run.searches[0], query='"ceramic tiles"')

    page = render_page(replace(run, searches=(phrase,)), [_GOOD])

    assert "ceramic plates and <mark>ceramic\ntiles</mark>" in page


def test_the_page_shows_text_truth_thumbnail_and_figures() -> None:
    page = render_page(record(), [_GOOD])

    assert "the true text" in page
    assert "data:image/webp;base64,d2VicA==" in page
    assert "page 1 · ocr · eng · confidence 91 · similarity 0.987 · by worker 2" in page


def test_a_failed_check_is_the_verdict() -> None:
    page = render_page(record(), [_GOOD, _BAD])

    assert "1 of 2 checks failed" in page
    assert "not a page was lost" not in page
    assert "it does not" in page


def test_a_document_that_is_nowhere_is_shown_as_missing() -> None:
    run = record()
    lost = replace(run.documents[0], row=None, document=None, similarities=(), took_s=None, thumbnail=None)

    page = render_page(replace(run, documents=(lost,)), [_BAD])

    assert '<span class="state bad">missing</span>' in page
    assert "It has no ledger row." in page


def test_a_page_without_searches_marks_nothing(tmp_path: Path) -> None:
    write_page(tmp_path / "index.html", replace(record(), searches=()), [_GOOD])

    assert "<mark>" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_hit_is_boxed_on_its_page_which_opens_large_and_closes() -> None:
    made = record()
    box = HitBox(left=0.25, top=0.5, width=0.1, height=0.02)
    (search,) = made.searches
    found = replace(search, picture=PagePicture(image=b"page", boxes=(box,)))
    html = render_page(replace(made, searches=(found,)), ())

    assert html.count('<i class="box" style="left:25.00%;top:50.00%;width:10.00%;height:2.00%"></i>') == 2
    assert html.count(base64.b64encode(b"page").decode()) == 2
    targets = re.findall(r'href="#([^"]+)"', html)
    assert {"search-1", "search-1-large", "page-f", "page-f-large"} <= set(targets)
    assert all(f'id="{target}"' in html for target in targets)


def test_a_snippet_keeps_its_lines() -> None:
    assert '<p class="snippet">one\ntwo' in render_page(record(snippet="one\ntwo"), ())
