"""The demo's page: one self-contained HTML file.

Text from documents is escaped, pictures are data: URIs, and nothing is loaded from elsewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from itertools import starmap
from pathlib import Path

from worker.demo.checks import DemoCheck
from worker.demo.page_pictures import PagePicture
from worker.demo.run_record import DemoDocument, RunRecord, Search
from worker.demo.searches import query_terms
from worker.demo.timeline import NARROW, WIDE, draw_timeline
from worker.index.analysis.query_terms import QueryTerm
from worker.index.analysis.snippets import mark_all, marked_parts
from worker.models.ledger import State
from worker.models.page import Page

_Readers = Mapping[tuple[str, int], int]
"""Which worker OCRed which page, by file_id and number."""

_STYLE_FILE = "report.css"
_TITLE = "A machine was terminated in the middle of a scan, and not a page was lost"
_FAILED_TITLE = "Some checks of this run failed"
# No script runs in this page, even if the text of a document were not escaped somewhere.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_page(path: Path, record: RunRecord, checks: Sequence[DemoCheck]) -> None:
    """Write the page of a run to `path`."""
    path.write_text(render_page(record, checks), encoding="utf-8")


def render_page(record: RunRecord, checks: Sequence[DemoCheck]) -> str:
    """The page of a run as HTML."""
    style = (resources.files("worker.demo") / _STYLE_FILE).read_text(encoding="utf-8")
    body = "\n".join(
        (
            _head(record, checks),
            _section("interruption", "The interruption", _interruption(record)),
            _section("proof", "The proof", _proof(checks)),
            _section("searches", "Searches", "".join(starmap(_search, enumerate(record.searches, start=1)))),
            _section("files", "Files", _files(record)),
            _section("texts", "Extracted text", _texts(record)),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>cis-worker demo</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(anchor: str, title: str, content: str) -> str:
    return f'<section id="{anchor}">\n<h2>{title}</h2>\n{content}\n</section>'


def _head(record: RunRecord, checks: Sequence[DemoCheck]) -> str:
    failed = sum(not check.passed for check in checks)
    kind, verdict, title = "good", f"All {len(checks)} checks passed", _TITLE
    if failed:
        kind, verdict, title = "bad", f"{failed} of {len(checks)} checks failed", _FAILED_TITLE
    figures = (
        (str(len(record.documents)), "files"),
        (str(sum(len(document.pages) for document in record.documents)), "pages"),
        (str(len(record.reads)), "of them OCRed"),
        (f"{record.scan_pages_by(1)} + {record.scan_pages_by(2)}", "pages of the scan, worker 1 + 2"),
        (str(record.dead_letters), "dead letters"),
        (f"{record.took_s:.0f} s", "from start to end"),
    )
    tiles = "".join(f"<li><b>{escape(value)}</b><span>{label}</span></li>" for value, label in figures)
    return (
        f'<header>\n<p class="product">cis-worker demo</p><p class="verdict {kind}">{verdict}</p>\n'
        f'<h1>{title}</h1>\n<ul class="figures">{tiles}</ul>\n</header>'
    )


def _interruption(record: RunRecord) -> str:
    legend = (
        '<p class="legend"><span class="w1">scan, worker 1</span><span class="w2">scan, worker 2</span>'
        '<span class="other">other files</span><span class="warn">time the notice left</span></p>'
    )
    rows = "".join(
        f'<li class="{event.severity.value}"><time>{event.at_s:.1f} s</time>'
        f"<span>{escape(event.text)}</span></li>"
        for event in record.events
    )
    timelines = draw_timeline(record, WIDE) + draw_timeline(record, NARROW)
    return f'<div class="card">{timelines}{legend}</div>\n<ol class="events card">{rows}</ol>'


def _proof(checks: Iterable[DemoCheck]) -> str:
    rows = "".join(
        f'<li class="{"good" if check.passed else "bad"}"><div><b>{escape(check.claim)}</b>'
        f"<span>{escape(check.detail)}</span></div></li>"
        for check in checks
    )
    return f'<ul class="checks card">{rows}</ul>'


def _search(number: int, search: Search) -> str:
    hits = "".join(
        f'<li><p class="where"><b>{escape(hit.file_name)}</b><span>page {hit.page}</span></p>'
        f'<p class="snippet">{_mark_matches(hit.snippet)}</p></li>'
        for hit in search.hits
    )
    count = f"{search.total} file{'' if search.total == 1 else 's'}"
    picture = ""
    if search.picture is not None:
        what = f"page {search.hits[0].page} of {search.hits[0].file_name}, with what was found in boxes"
        picture = _picture(search.picture, f"search-{number}", what)
    return (
        f'<div class="card search"><div class="hits"><h3><span class="query">{escape(search.query)}</span>'
        f"<small>{count}</small></h3><ol>{hits or '<li>nothing found</li>'}</ol></div>{picture}</div>"
    )


def _picture(picture: PagePicture, anchor: str, what: str, small: bytes | None = None) -> str:
    """A small picture that opens a large one: its target covers the page, and a click leads back."""
    image = _data_uri(picture.image)
    boxes = "".join(
        f'<i class="box" style="left:{box.left:.2%};top:{box.top:.2%};width:{box.width:.2%};'
        f'height:{box.height:.2%}"></i>'
        for box in picture.boxes
    )
    label = escape(what)
    return (
        f'<div class="thumbnail" id="{anchor}"><a class="sheet" href="#{anchor}-large" title="open it large">'
        f'<img alt="{label}" src="{_data_uri(small) if small else image}">{boxes}</a></div>'
        f'<a class="large" id="{anchor}-large" href="#{anchor}" title="close"><span class="sheet">'
        f'<img alt="{label}, large" src="{image}">{boxes}</span></a>'
    )


def _data_uri(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode('ascii')}"


def _mark_matches(snippet: str) -> str:
    parts = marked_parts(snippet)
    return "".join(f"<mark>{escape(part)}</mark>" if is_hit else escape(part) for part, is_hit in parts)


def _files(record: RunRecord) -> str:
    rows = "".join(map(_file_row, record.documents))
    names = ("file", "state", "pages", "language", "confidence", "similarity", "seconds")
    head = "".join(f"<th>{name}</th>" for name in names)
    return (
        f'<div class="card wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        '<p class="note">Seconds are from upload to commit, waiting included. Similarity compares the text '
        "with the true text that the generator wrote, character by character.</p>"
    )


def _file_row(document: DemoDocument) -> str:
    row, read = document.row, document.document
    state = row.state.value if row else "missing"
    kind = {State.INDEXED.value: "good", State.NO_CONTENT.value: "plain"}.get(state, "bad")
    reason = f" <small>{escape(row.reason)}</small>" if row and row.reason else ""
    cells = (
        str(len(document.pages)),
        (read.language if read else None) or "",
        _number(read.confidence if read else None, "{:.0f}"),
        _number(document.similarity, "{:.3f}"),
        _number(document.took_s, "{:.1f}"),
    )
    numbers = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return (
        f'<tr><td class="name"><a href="#{document.file_id}">{escape(document.name)}</a>'
        f"<small>{escape(document.sample.kind)}</small></td>"
        f'<td><span class="state {kind}">{escape(state)}</span>{reason}</td>{numbers}</tr>'
    )


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _texts(record: RunRecord) -> str:
    hits = [term for search in record.searches for term in query_terms(search.query)]
    readers = {(read.file_id, read.page): read.worker for read in record.reads}
    return "\n".join(_text(document, readers, hits) for document in record.documents)


def _text(document: DemoDocument, readers: _Readers, hits: Sequence[QueryTerm]) -> str:
    picture = '<div class="thumbnail none">no picture</div>'
    if document.thumbnail is not None:
        large = document.picture or PagePicture(image=document.thumbnail)
        what = f"first page of {document.name}"
        picture = _picture(large, f"page-{document.file_id}", what, small=document.thumbnail)
    pages = "".join(
        _page(page, document, readers.get((document.file_id, page.number)), hits) for page in document.pages
    )
    row = document.row
    if not pages:
        why = row.reason_message if row else "It has no ledger row."
        pages = f'<p class="note">Found by its name only. {escape(why)}</p>'
    path = document.document.file_path if document.document else document.name
    return (
        f'<article class="card document" id="{document.file_id}">{picture}<div class="content">'
        f'<h3>{escape(document.name)}</h3><p class="path">{escape(path)}</p>{pages}</div></article>'
    )


def _page(page: Page, document: DemoDocument, reader: int | None, hits: Sequence[QueryTerm]) -> str:
    index = page.number - 1
    truths, similarities = document.sample.page_truths, document.similarities
    truth = truths[index] if index < len(truths) else ""
    text = _highlight(page, hits)
    facts = [f"page {page.number}", page.source.value.replace("_", " ")]
    facts += [page.language] if page.language else []
    facts += [f"confidence {page.confidence:.0f}"] if page.confidence is not None else []
    facts += [f"similarity {similarities[index]:.3f}"] if index < len(similarities) else []
    facts += [f"by worker {reader}"] if reader is not None else []
    open_attribute = " open" if "<mark>" in text else ""
    return (
        f"<details{open_attribute}><summary>{escape(' · '.join(facts))}</summary>"
        f'<div class="pair"><div><h4>extracted</h4><pre>{text}</pre></div>'
        f"<div><h4>true text</h4><pre>{escape(truth)}</pre></div></div></details>"
    )


def _highlight(page: Page, hits: Sequence[QueryTerm]) -> str:
    """The text, escaped, with the hits marked."""
    parts = marked_parts(mark_all(page.text, hits, is_ocr=page.source.has_ocr_text))
    return "".join(f"<mark>{escape(part)}</mark>" if is_hit else escape(part) for part, is_hit in parts)
