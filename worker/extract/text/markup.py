"""HTML and XML as text: what a browser shows of a page, and what is between the tags.

Nothing is fetched and no script runs. The parsers report events and build no tree, so depth costs no stack.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from xml.parsers import expat

from lxml import etree

from worker.extract.page_source import PageSource
from worker.extract.read_options import ReadOptions
from worker.extract.text.charset import decode
from worker.extract.text.normalise import clean
from worker.extract.text.plain import read_start
from worker.extract.text.text_page import one_page
from worker.extract.text.visible_text import VisibleText, mark_ends

_DECLARED_WITHIN_BYTES = 4096
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml.*?\?>", re.DOTALL)

_BINARY = frozenset({"binData", "binaryData", "binary-data"})
"""Pictures and programs within the XML that Word, Excel and LibreOffice write as one file, in base64."""
_FEEDS = frozenset({"rss", "feed", "RDF"})
_HTML_OF_FEEDS = frozenset({"description", "encoded", "content", "summary", "title", "subtitle"})
_HAS_MARKUP = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|center|code|div|dl|em|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p|pre|script"
    r"|section|small|span|strong|style|su[bp]|table|t[dhr]|tt|u|ul|video)\b[^<>]*>|&#?\w+;",
    re.IGNORECASE,
)
"""Elements of pages, and no List<String>, which is text."""
_ATOM = "feed"
_STRING, _HYPHEN, _SPACE, _LINE = "String", "HYP", "SP", "LINE"
"""What OCR programs write text into, as attributes: words of ALTO, lines of the National Diet Library's."""
_FIRST_PART, _SECOND_PART = "HypPart1", "HypPart2"
_BLANK_LINES = re.compile(r"\n[ \t\n]*\n")


def open_html(path: Path, options: ReadOptions) -> PageSource:
    """One page with the visible text. Raises RejectedError when the file is empty."""
    return one_page(clean(html_text(read_start(path, options))), options)


def html_text(data: bytes, declared: str | None = None) -> str:
    """The visible text of a page; `declared` is its encoding where something else than the page names it."""
    target = VisibleText()
    parser = etree.HTMLParser(target=target, encoding="utf-8", no_network=True, huge_tree=False)
    try:
        text = decode(data, declared or _find_declaration(data))
        parser.feed(mark_ends(text).encode("utf-8", "replace"))
        parser.close()
    except (etree.LxmlError, ValueError, AssertionError):
        # The text up to the error is kept; the parser recovers from nearly all of them.
        target.line()
    return _BLANK_LINES.sub("\n", target.text())


def open_xml(path: Path, options: ReadOptions) -> PageSource:
    """One page with the text between the tags, or all of the file where it is not well-formed.

    Raises RejectedError when the file is empty.
    """
    data = read_start(path, options)
    text = decode(data, _find_declaration(data)).removeprefix("\ufeff")
    target = _XmlText()
    try:
        target.parse(_XML_DECLARATION.sub("", text))
    except expat.ExpatError:
        return one_page(clean(text), options)
    return one_page(clean(_BLANK_LINES.sub("\n", target.text())), options)


def _find_declaration(data: bytes) -> str | None:
    declaration = _DECLARED.search(data[:_DECLARED_WITHIN_BYTES])
    return declaration[1].decode("ascii", "replace") if declaration else None


def _word(name: str, attributes: dict[str, str]) -> str:
    """A word of ALTO: the whole one at the end of a line that divides it, and nothing at the next."""
    part = attributes.get("SUBS_TYPE")
    if name == _HYPHEN or part == _SECOND_PART:
        return ""
    return (
        attributes.get("SUBS_CONTENT") or attributes["CONTENT"]
        if part == _FIRST_PART
        else attributes["CONTENT"]
    )


class _XmlText:
    """Collects the text of an XML document; consecutive elements are lines of their own.

    So are the lines of files of OCR programs, whose text is in attributes. HTML that feeds have in their
    elements, escaped, is read as HTML.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._root = ""
        self._has_words = False
        self._html_from: int | None = None
        self._in_words = False
        self._after_end = False
        self._in_binary = False
        parser = expat.ParserCreate(encoding="utf-8")
        # With a default handler expat reports entities as they are written and expands none: they can neither
        # include files of this machine nor grow (a billion laughs).
        parser.DefaultHandler = self._on_rest
        parser.UseForeignDTD(True)  # without it an undeclared entity is an error
        parser.StartElementHandler = self._start_element
        parser.EndElementHandler = self._end_element
        parser.CharacterDataHandler = self._on_text
        parser.buffer_text = True
        self._parser = parser

    def parse(self, text: str) -> None:
        """Parse a whole document; raises ExpatError where it is not well-formed."""
        self._parser.Parse(text.encode("utf-8", "replace"), True)

    def text(self) -> str:
        return "".join(self._pieces)

    def _start_element(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        self._in_binary = name in _BINARY
        self._root = self._root or name
        is_word = name in (_STRING, _HYPHEN) and "CONTENT" in attributes
        self._has_words = self._has_words or is_word
        # Where no words are in attributes, such an element is one as all others.
        if is_word or (name == _SPACE and self._has_words):
            self._add_word(" " if name == _SPACE else _word(name, attributes))
            return
        if self._after_end:
            self._pieces.append("\n")
        self._after_end = False
        if name == _LINE and "STRING" in attributes:
            self._pieces.append(attributes["STRING"])
        if name in _HTML_OF_FEEDS and self._may_be_html(attributes):
            self._html_from = len(self._pieces)

    def _may_be_html(self, attributes: dict[str, str]) -> bool:
        """Whether an element of this file may have HTML as text; those of Atom say so."""
        is_html = self._root != _ATOM or attributes.get("type") in ("html", "text/html")
        return self._root in _FEEDS and is_html

    def _end_element(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self._in_binary = False
        if self._in_words and name in (_STRING, _HYPHEN, _SPACE):
            return
        self._in_words = False
        self._after_end = True
        if self._html_from is not None and name in _HTML_OF_FEEDS:
            text = "".join(self._pieces[self._html_from :])
            if _HAS_MARKUP.search(text):
                self._pieces[self._html_from :] = [
                    html_text(text.encode("utf-8", "replace"), "utf-8").strip()
                ]
            self._html_from = None

    def _add_word(self, word: str) -> None:
        """A word of a line, or a space between two; some programs write no spaces between words."""
        before = self._pieces[-1][-1:] if self._pieces else ""
        if (
            self._in_words
            and before.isascii()
            and before.isalnum()
            and word[:1].isascii()
            and word[:1].isalnum()
        ):
            word = f" {word}"
        if word and not (word == " " and not before.strip()):
            self._pieces.append(word)
        self._in_words = True

    def _on_text(self, text: str) -> None:
        if self._in_binary or (self._in_words and not text.strip()):
            return
        # White space between two elements is layout; words behind an element continue its sentence.
        if text.strip():
            self._after_end = False
        self._pieces.append(text)

    def _on_rest(self, markup: str) -> None:
        if markup.startswith("&"):
            self._on_text(unescape(markup))
