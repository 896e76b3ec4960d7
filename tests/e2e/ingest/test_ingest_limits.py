"""A file that a net has cut is read again at leisure, and so is its copy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from tests.e2e.ingest.conftest import Place

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_TINY = {"CIS_PAGE_TIMEOUT_S": "0.05", "CIS_LANGUAGES": "eng"}


def test_what_a_net_has_cut_is_read_whole_at_leisure_and_as_a_copy(place: Place) -> None:
    page = Image.new("L", (1600, 800), 255)
    for row in range(8):
        ImageDraw.Draw(page).text((60, 40 + 90 * row), "A line of an annual report", fill=0, font_size=60)
    page.save(place.docs / "scan.tif", dpi=(200, 200))

    cut = place.ingest(**_TINY)

    assert cut.status == 1
    assert (cut.lines[0]["state"], cut.lines[0]["reason"]) == ("no_content", "timeout")
    # The net may go at the page, at the document, or at both.
    unread = [each for each in place.ask("show", "scan.tif")["unread"] if "thumb" not in each["code"]]
    assert "timeout" in {each["code"] for each in unread}
    assert all("CIS_" in each["help"] for each in unread if each["code"] == "timeout")

    shutil.copy(place.docs / "scan.tif", place.docs / "copy.tif")
    whole = place.ingest(CIS_LANGUAGES="eng")

    assert whole.status == 0
    assert [(line["state"], line["skipped"]) for line in whole.lines] == [("indexed", False)] * 2
    assert place.ask("show", "copy.tif")["pages"][0]["text"].count("annual report") == 8
    assert place.ask("show", "copy.tif")["unread"] == []
