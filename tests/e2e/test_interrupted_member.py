"""A scan in an archive in a mail, interrupted: its pages are those of a member; none is lost or read anew."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from worker.models.document import Document
from worker.models.file import file_id
from worker.models.ledger import State

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KEY, MEMBER = "mail.eml", "見積書.zip › scan.pdf"
PAGES = 12
WORDS = (
    "delivery",
    "of",
    "nine",
    "heavy",
    "parts",
    "was",
    "agreed",
    "before",
    "summer",
    "and",
    "must",
    "not",
)
FIRST = 3
"""After the page of the mail and that of the archive."""
NUMBERS = list(range(FIRST, FIRST + PAGES))

# One page at a time, so that what is left of the scan does not fit into what is left of the time.
ONE_SLOT = {"CIS_SLOTS": "1", "CIS_LANGUAGES": "eng"}
NOTICE_S, NOTICE_PAGES = 6.0, 4
"""In which few of the pages are begun: in seconds, and in mean times of a page where the machine is busy."""
END_S = 120.0
KILLED = {**ONE_SLOT, "CIS_VISIBILITY_S": "20"}
REPEATED_S, MOST_REPEATED = 30.0, 3


@pytest.fixture
def mail(tmp_path: Path) -> bytes:
    path = tmp_path / "scan.pdf"
    first, *others = map(_page, range(1, PAGES + 1))
    first.save(path, "PDF", resolution=72, save_all=True, append_images=others)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(path, "scan.pdf")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", "見積書の件"
    mail.set_content("添付の通りです。")
    mail.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="見積書.zip")
    return mail.as_bytes()


def _page(number: int) -> Image.Image:
    """A page of few words, which takes less time than a full one; no two lines are alike, as columns are."""
    page = Image.new("L", (620, 877), 255)
    draw = ImageDraw.Draw(page)
    draw.text((30, 30), f"Page {number} of the estimate", fill=0, font_size=26)
    for line in range(1, 16):
        words = [WORDS[(number + line * line + word) % len(WORDS)] for word in range(3 + line % 3)]
        draw.text((30, 30 + 50 * line), " ".join(words), fill=0, font_size=26)
    return page


def _readings(fleet: Fleet) -> Counter[int]:
    return Counter(int(str(line["page"])) for line in fleet.events("page_ocred"))


def _seconds(fleet: Fleet) -> dict[int, float]:
    return {int(str(line["page"])): float(str(line["seconds"])) for line in fleet.events("page_ocred")}


def _document(fleet: Fleet) -> Document:
    document = fleet.index().document(file_id(fleet.bucket, KEY))
    assert document is not None
    return document


def _check_whole(fleet: Fleet) -> None:
    """Every page of the scan is there with text, and named by its path within the mail."""
    row, document = fleet.row(KEY), _document(fleet)
    assert row is not None
    assert (row.state, row.pages, row.failures, row.checkpoint) == (State.INDEXED, FIRST + PAGES - 1, 0, None)
    scan = [page for page in document.pages if page.member_path == MEMBER]
    assert [page.number for page in scan] == NUMBERS
    assert all(f"Page {number}" in page.text for number, page in enumerate(scan, start=1))
    assert document.unread == ()
    assert "見積書の件" in document.pages[0].text
    assert fleet.dead_letters() == 0


def test_a_notice_costs_a_scan_in_an_archive_in_a_mail_no_page(
    fleet: Fleet, mail: bytes, until: Callable[..., None], readers: Callable[[Path], list[str]]
) -> None:
    first = fleet.start("first", **ONE_SLOT)
    fleet.put(KEY, mail)
    until(lambda: len(_readings(fleet)) >= 2)
    in_s = max(NOTICE_S, NOTICE_PAGES * mean(_seconds(fleet).values()))
    fleet.stack.metadata.control({"instance_action": {"action": "terminate", "in_s": in_s}})
    assert first.wait(END_S) == 0
    assert not fleet.finished(KEY)
    assert readers(fleet.work_dir) == []
    before = _readings(fleet)
    fleet.stack.metadata.control({"instance_action": None})
    fleet.start("second", **ONE_SLOT)
    until(lambda: fleet.finished(KEY))
    (restored,) = fleet.events("checkpoint_restored")
    assert int(str(restored["pages"])) >= len(before)
    until(lambda: sorted(_readings(fleet)) == NUMBERS)
    assert set(_readings(fleet).values()) == {1}
    _check_whole(fleet)


def test_a_kill_repeats_at_most_half_a_minute_of_a_scan_in_a_mail(
    fleet: Fleet, mail: bytes, until: Callable[..., None]
) -> None:
    fleet.stack.metadata.control({"rebalance": True})
    first = fleet.start("first", **KILLED)
    fleet.put(KEY, mail)
    until(lambda: bool(fleet.events("checkpoint_saved")))
    saved = len(_readings(fleet))
    until(lambda: len(_readings(fleet)) > saved)
    first.kill()
    killed = _readings(fleet)
    assert not fleet.finished(KEY)
    fleet.start("second", **KILLED)
    until(lambda: fleet.finished(KEY))
    until(lambda: sorted(_readings(fleet)) == NUMBERS)
    repeated = [page for page, times in _readings(fleet).items() if times > 1]
    # More only where the machine is so busy that the few pages behind a checkpoint take longer by themselves.
    limit_s = max(REPEATED_S, MOST_REPEATED * max(_seconds(fleet).values()))
    assert sum(_seconds(fleet)[page] for page in repeated) <= limit_s
    assert len(repeated) < len(killed)
    _check_whole(fleet)
