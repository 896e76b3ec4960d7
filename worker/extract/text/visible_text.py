"""What a browser shows of a page, collected from the events of a parser that builds no tree.

Elements that hide their text do so until a browser would end them: an `xml` that is never closed hides
nothing, and a hidden element ends with the one around it, also where its own end is missing.
"""

from __future__ import annotations

import re

_INVISIBLE = frozenset(
    {
        *("script", "style", "template", "noscript", "iframe", "object", "rt", "rp"),
        *("datalist", "audio", "video", "canvas", "noembed", "annotation", "annotation-xml"),
    }
)
"""Furigana (rt, rp) repeat the base text below them; players and pictures contain text for old browsers."""
_XML = "xml"
"""Excel has the names of its sheets in one; no browser knows it, so that one without an end is text."""
_DRAWING = "svg"
_LABELS = frozenset({"text", "foreignobject"})
_NOT_DRAWN = frozenset({"title", "desc", "metadata", "defs", "symbol"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "wbr"})
_LINES = frozenset(
    re.findall(
        r"\w+",
        """address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption
        figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section select
        summary table tbody tfoot thead title tr ul""",
    )
)
_END_PARAGRAPHS = _LINES - frozenset(
    {"body", "br", "caption", "html", "legend", "option", "select", "tbody", "tfoot", "thead", "title", "tr"}
)
"""Where one begins, a paragraph ends, with all that is open in it; and a drawing, which cannot have one."""
_PARAGRAPH, _TABLE, _CELLS = frozenset({"p"}), frozenset({"table"}), frozenset({"td", "th"})
_END_CELLS = frozenset({"tr", "tbody", "thead", "tfoot", *_CELLS})
_LIMIT_OF_PARAGRAPHS = frozenset({"body", "html", "table", "caption", "button", *_CELLS})
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_VALUES_SHOWN = frozenset({"", "text", "search", "tel", "url", "email", "number", "date", "time", "month"})
_BUTTONS = frozenset({"submit", "reset", "button"})
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_MAY_HIDE = re.compile(r"\bhidden\b|display\s*:|<(?:xml|r[tp])\b", re.IGNORECASE)
_MARK = "x-end-of-"
_END_TAG = re.compile(
    r"</(?=(xml|article|aside|blockquote|center|d[dlt]|details|fieldset|figure|footer|form|header|li|main|nav|ol"
    r"|ruby|section|ul)[\s/>])",
    re.IGNORECASE,
)
_MARKS_IN_TEXT = re.compile(rf"<{_MARK}\w+>")
# How far out an element is looked for: pages are not so deep, and attacks are.
_MOST_LEVELS = 200


def mark_ends(html: str) -> str:
    """The page with a mark before ends that the parser does not report where something in them is open."""
    if not _MAY_HIDE.search(html):
        return html
    return _END_TAG.sub(lambda end: f"<{_MARK}{end[1].lower()}></", html)


class VisibleText:
    """Collects the text of an HTML page; the target of lxml's parser."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._open: list[str] = []
        self._hidden: int | None = None
        """The place of the element that hides among the open ones."""
        self._drawing: int | None = None
        self._label: int | None = None
        self._data_from: list[int] = []
        """Where the text of each open `xml` begins."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if tag.startswith(_MARK):
            self._end_within(tag.removeprefix(_MARK))
            self._open.append(tag)
            return
        self._end_before(tag)
        self._open.append(tag)
        if self._hidden is None and tag not in _VOID and self._hides(tag, attributes):
            self._hidden = len(self._open) - 1
        if self._hidden is not None:
            return
        if tag == _XML:
            self._data_from.append(len(self._pieces))
        elif tag == _DRAWING and self._drawing is None:
            self._drawing = len(self._open) - 1
        elif self._drawing is not None and tag in _LABELS and self._label is None:
            self._label = len(self._open) - 1
            self.line()
        elif tag == "input":
            self._add_input(attributes)
        elif tag in _LINES:
            self.line()

    def end(self, tag: str) -> None:
        """An element ends, and with it what is open in it."""
        is_shown = self._hidden is None
        for level in range(len(self._open) - 1, max(-1, len(self._open) - 1 - _MOST_LEVELS), -1):
            if self._open[level] == tag:
                del self._open[level:]
                break
        self._hidden = self._unless_ended(self._hidden)
        self._drawing = self._unless_ended(self._drawing)
        self._label = self._unless_ended(self._label)
        if not is_shown:
            return
        if tag in _CELLS:
            self._pieces.append("\t")
        elif tag in _LINES and tag != "br":
            self.line()

    def data(self, text: str) -> None:
        """Some text; runs of white space are one space, as a browser shows them."""
        if self._hidden is None and (self._drawing is None or self._label is not None):
            self._pieces.append(_SPACES.sub(" ", _MARKS_IN_TEXT.sub("", text)))

    def line(self) -> None:
        """The line ends here."""
        self._pieces.append("\n")

    def text(self) -> str:
        """The whole text, without blanks at the ends of lines."""
        lines = "".join(self._pieces).split("\n")
        return "\n".join(re.sub(r" ?\t ?", "\t", re.sub(" +", " ", line)).strip() for line in lines)

    def close(self) -> None:
        """Nothing: the collected text is read from this object, after an error, too."""

    def _hides(self, tag: str, attributes: dict[str, str]) -> bool:
        if self._drawing is not None and (tag in _NOT_DRAWN or attributes.get("display") == "none"):
            return True
        style = attributes.get("style") or ""
        return tag in _INVISIBLE or "hidden" in attributes or bool(_HIDDEN_STYLE.search(style))

    def _unless_ended(self, level: int | None) -> int | None:
        return level if level is not None and level < len(self._open) else None

    def _add_input(self, attributes: dict[str, str]) -> None:
        kind = (attributes.get("type") or "").lower()
        if kind in _VALUES_SHOWN | _BUTTONS:
            self._pieces.append(f" {_SPACES.sub(' ', attributes.get('value') or '')} ")

    def _end_before(self, tag: str) -> None:
        """Show text again that is hidden in what ends where such an element begins."""
        if tag in _END_PARAGRAPHS:
            if self._drawing is not None and self._label is None:
                self._drawing = None
            self._end_hiding(_PARAGRAPH, limits=_LIMIT_OF_PARAGRAPHS)
        if tag in _END_CELLS:
            self._end_hiding(_CELLS, limits=_TABLE)

    def _end_within(self, tag: str) -> None:
        """The tag that ends such an element stands here: it ends what hides in it, too."""
        if tag != _XML:
            self._end_hiding(frozenset({tag}), limits=_CELLS)
        elif self._data_from and self._hidden is None:
            del self._pieces[self._data_from.pop() :]

    def _end_hiding(self, tags: frozenset[str], *, limits: frozenset[str]) -> None:
        """Show text again if the innermost element of these names is around the one that hides."""
        if self._hidden is None:
            return
        for level in range(len(self._open) - 1, max(-1, len(self._open) - 1 - _MOST_LEVELS), -1):
            if self._open[level] in tags:
                if level < self._hidden:
                    self._hidden = None
                return
            if self._open[level] in limits:
                return
