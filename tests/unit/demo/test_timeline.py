from __future__ import annotations

from xml.etree import ElementTree

import pytest

from worker.demo.run_record import PageRead, RunRecord, WorkerRun
from worker.demo.timeline import NARROW, WIDE, Layout, arrange_lanes, draw_timeline

pytestmark = pytest.mark.unit


def read(page: int, begins_s: float, ends_s: float, *, file_id: str = "scan", worker: int = 1) -> PageRead:
    return PageRead(worker=worker, file_id=file_id, page=page, took_s=ends_s - begins_s, at_s=ends_s)


def record(*reads: PageRead, notice_s: float | None = 3.0) -> RunRecord:
    return RunRecord(
        documents=(),
        rows=(),
        reads=reads,
        workers=(WorkerRun(number=1, started_s=0.0, stopped_s=8.0), WorkerRun(number=2, started_s=8.0)),
        searches=(),
        waiting=0,
        dead_letters=0,
        scan_id="scan",
        notice_s=notice_s,
        notice_in_s=6.0,
        took_s=20.0,
    )


def test_pages_read_at_one_time_are_in_different_lanes() -> None:
    lanes = arrange_lanes([read(3, 2, 4), read(1, 0, 2), read(2, 0.5, 3)])

    assert [[item.page for item in lane] for lane in lanes] == [[1, 3], [2]]


def test_a_page_that_seems_to_begin_a_moment_early_stays_in_its_lane() -> None:
    lanes = arrange_lanes([read(1, 0, 2.1), read(2, 2.0, 4)])

    assert len(lanes) == 1


def test_the_drawing_is_well_formed_and_shows_every_page_of_the_scan() -> None:
    drawing = ElementTree.fromstring(draw_timeline(record(read(1, 1, 3), read(2, 9, 11, worker=2)), WIDE))  # noqa: S314

    numbers = [text.text for text in drawing.iter("text") if text.get("class") == "number"]
    assert numbers == ["1", "2"]
    assert {rect.get("class") for rect in drawing.iter("rect")} == {"life", "page w1", "page w2", "notice"}


def test_pages_of_other_files_are_drawn_without_a_number() -> None:
    drawing = draw_timeline(record(read(1, 1, 3, file_id="other")), WIDE)

    assert 'class="page other"' in drawing
    assert 'class="number"' not in drawing


def test_without_a_notice_none_is_drawn() -> None:
    assert "notice" not in draw_timeline(record(read(1, 1, 3), notice_s=None), WIDE)


@pytest.mark.parametrize("layout", [WIDE, NARROW])
@pytest.mark.parametrize("notice_s", [0.0, 3.0, 19.0])
def test_nothing_is_drawn_outside(layout: Layout, notice_s: float) -> None:
    made = record(read(1, 0, 3), read(2, 18, 20, worker=2), notice_s=notice_s)
    drawing = ElementTree.fromstring(draw_timeline(made, layout))  # noqa: S314

    for rect in drawing.iter("rect"):
        left, top, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
        assert min(left, top) >= 0
        assert left + width <= layout.width_px
        assert top + height <= float(drawing.get("viewBox", "").split()[3])
    # A character of the largest text is 8 pixels wide at most.
    for text in drawing.iter("text"):
        at, room = float(text.get("x", "")), 8 * len(text.text or "")
        if text.get("text-anchor") == "end":
            assert at - room >= 0
        elif text.get("class") == "time":  # in the middle of its tick
            assert room / 2 <= at + 2
        elif text.get("class") in {"who", "notice-text"}:
            assert at + room <= layout.width_px


def test_a_block_without_room_has_no_number_and_still_its_title() -> None:
    drawing = draw_timeline(record(read(1, 1, 1.3)), NARROW)

    assert 'class="number"' not in drawing
    assert "page 1 of the scan" in drawing
