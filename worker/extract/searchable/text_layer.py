"""The invisible text of a page as a content stream, which goes in front of what the page draws.

In front, because there every page is in the state that it begins with, whatever its content leaves behind.
"""

from __future__ import annotations

from worker.extract.image.affine import Transform, apply, compose
from worker.extract.searchable.glyphless_font import DESCENT_EM, GlyphlessFont
from worker.extract.searchable.spans import Span, spans_of, width_em
from worker.models.page import Page

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in units of the page's own space."""


def user_space(box: Box, degrees: int) -> Transform:
    """From shares of a page as it is shown, downwards from its left upper corner, to its own space.

    `degrees` is how far a viewer turns it clockwise.
    """
    left, bottom, right, top = box
    width, height = right - left, top - bottom
    return {
        90: (0.0, width, left, height, 0.0, bottom),
        180: (-width, 0.0, right, 0.0, height, bottom),
        270: (0.0, -width, right, -height, 0.0, top),
    }.get(degrees, (width, 0.0, left, 0.0, -height, top))


def text_layer(page: Page, font: GlyphlessFont, *, font_name: str, space: Transform) -> bytes:
    """The words of a page as a content stream; empty where it has none.

    `space` is the page's, from `user_space`.
    """
    if page.width_px < 1 or page.height_px < 1:
        return b""
    lines = spans_of(page)
    if not lines:
        return b""
    to_page = compose(_to_shares(page), space)
    texts = (_show(span, font, to_page) for line in lines for span in line)
    start = f"q BT 3 Tr {font_name} 1 Tf".encode("ascii")
    return b"\n".join([start, *texts, b"ET Q\n"])


def _to_shares(page: Page) -> Transform:
    """From the pixels of the picture that was read to shares of the page as drawn."""
    transform: Transform = (*page.transform[:3], *page.transform[3:])  # type: ignore[assignment]
    # Turned, scaled or rotated, what was in the middle of the page is in the middle of the picture.
    x, y = apply(transform, page.width_px / 2, page.height_px / 2)
    return compose(transform, (0.5 / x, 0.0, 0.0, 0.0, 0.5 / y, 0.0))


def _show(span: Span, font: GlyphlessFont, to_page: Transform) -> bytes:
    """The operators that fill the box of a span with its characters."""
    width, height = span.width, span.height
    length_em = sum(map(width_em, span.text))
    if span.runs_down:
        along, up, corner = (0.0, height / length_em), (width, 0.0), (span.left, span.top)
    else:
        along, up, corner = (width / length_em, 0.0), (0.0, -height), (span.left, span.top + height)
    base = (corner[0] + DESCENT_EM * up[0], corner[1] + DESCENT_EM * up[1])
    a, c, e, b, d, f = compose((along[0], up[0], base[0], along[1], up[1], base[1]), to_page)
    matrix = " ".join(f"{value:.4f}" for value in (a, b, c, d, e, f))
    # A space of its own pdfium puts on a line of its own where the text runs down the page.
    text = f"{span.text} " if span.after == " " else span.text
    return b"%s Tm %s Tj" % (matrix.encode("ascii"), font.encode(text))
