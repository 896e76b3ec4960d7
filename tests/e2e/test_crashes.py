"""Documents held by a worker that was killed: a strike for the one that kills, none for its neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from worker.models.ledger import State
from worker.samples.scans import write_scan

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# As in tests/resilience/real: a heartbeat lands in it on a busy machine, and each kill waits for its end.
SHORT_LEASE = {"CIS_VISIBILITY_S": "15"}
# Those of a suspect are saved one by one, or two where both slots are done at once.
PAGES = 10


def _scan(folder: Path, pages: int, *, dpi: int) -> bytes:
    path = folder / f"scan-{pages}-{dpi}.pdf"
    write_scan(path, pages, dpi=dpi)
    return path.read_bytes()


def _is_begun(fleet: Fleet, key: str, *, after: int, alone: bool) -> bool:
    """Whether a later attempt has begun: not its claim alone, a death before it is on record is nobody's."""
    lines = [line for line in fleet.events("document_started") if line["path"] == key]
    row = fleet.row(key)
    if row is None or row.owner is None or (alone and not row.is_isolated):
        return False
    return row.fence > after and row.fence in [line["fence"] for line in lines]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Those of a worker with a state folder of this test."""
    # No page times out on a busy machine: that is another story.
    timeouts = dict.fromkeys(("CIS_PAGE_TIMEOUT_S", "CIS_DOCUMENT_TIMEOUT_S"), "600")
    return {
        **SHORT_LEASE,
        **timeouts,
        "CIS_STATE_DIR": str(tmp_path / "state"),
        "CIS_MAX_DOCUMENTS": "6",
    }


def test_of_one_killer_among_five_healthy_files_only_the_killer_is_dead_lettered(
    fleet: Fleet, tmp_path: Path, settings: dict[str, str], until: Callable[..., None]
) -> None:
    # One page: it gains nothing before it is done, and that must take seconds.
    settings["CIS_OCR_SECOND_PASS"] = "auto"
    fleet.put("killer.pdf", _scan(tmp_path, 1, dpi=300))
    healthy = ["scan.pdf", *(f"{number}.txt" for number in range(4))]
    fleet.put("scan.pdf", _scan(tmp_path, 3, dpi=110))
    for key in healthy[1:]:
        fleet.put(key, f"{key} 営業報告".encode())
    fence = number = 0

    def is_begun_again() -> bool:
        # The first death makes it a suspect; from then on only a death while it is alone is a strike.
        return _is_begun(fleet, "killer.pdf", after=fence, alone=number > 0)

    for number in range(4):
        worker = fleet.start(f"worker-{number}", **settings)
        until(is_begun_again)
        worker.kill()
        row = fleet.row("killer.pdf")
        assert row is not None
        assert row.state is State.PROCESSING
        fence = row.fence
    fleet.start("last", **settings)
    until(lambda: all(fleet.finished(key) for key in ("killer.pdf", *healthy)))
    row = fleet.row("killer.pdf")
    assert row is not None
    assert (row.state, row.reason, row.crash_strikes) == (State.DEAD_LETTERED, "worker_crashed", 3)
    for key in healthy:
        row = fleet.row(key)
        assert row is not None
        assert (row.state, row.crash_strikes) == (State.INDEXED, 0)
    struck = [line["path"] for line in fleet.events("worker_died") if line["strikes"]]
    assert struck == ["killer.pdf"] * 3
    until(lambda: fleet.dead_letters() == 1 and fleet.waiting() == 0)


def test_a_scan_whose_worker_is_killed_five_times_with_progress_between_is_indexed(
    fleet: Fleet, tmp_path: Path, settings: dict[str, str], until: Callable[..., None]
) -> None:
    fleet.put("scan.pdf", _scan(tmp_path, PAGES, dpi=110))
    for number in range(5):
        saved = len(fleet.events("checkpoint_saved"))
        worker = fleet.start(f"worker-{number}", **settings)
        if number == 0:
            until(lambda: bool(fleet.events("page_ocred")))
        else:
            until(lambda saved=saved: len(fleet.events("checkpoint_saved")) > saved)
        worker.kill()
        assert not fleet.finished("scan.pdf")
    fleet.start("last", **settings)
    until(lambda: fleet.finished("scan.pdf"))
    row = fleet.row("scan.pdf")
    assert row is not None
    assert fleet.events("page_failed") == []
    assert (row.state, row.reason_message) == (State.INDEXED, "")
    assert (row.pages, row.failures) == (PAGES, 0)
    assert (row.crash_strikes, row.is_suspect) == (0, False)
    assert [line["strikes"] for line in fleet.events("worker_died")] == [0] * 5
    assert fleet.dead_letters() == 0
    # A kill costs the pages in progress, and what was not yet saved.
    pages = Counter(int(str(line["page"])) for line in fleet.events("page_ocred"))
    assert sorted(pages) == list(range(1, PAGES + 1))
    until(lambda: fleet.waiting() == 0)
