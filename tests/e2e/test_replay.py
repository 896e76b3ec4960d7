"""What an outage of Bedrock leaves pending is filled in afterwards, without OCR."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KEYS = [f"{number}.png" for number in range(10)]


def picture(number: int) -> bytes:
    data = BytesIO()
    image = Image.new("RGB", (320, 120), "white")
    ImageDraw.Draw(image).text((20, 40), f"Invoice number {number} of ten", fill="black", font_size=20)
    image.save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("fault", "repaired"),
    [
        pytest.param({"down": True}, {"down": False}, id="outage"),
        pytest.param(
            {"fail_next": 100_000, "status": 400, "message": "The provided model identifier is invalid."},
            {"fail_next": 0},
            id="refused model",
        ),
    ],
)
def test_an_outage_of_bedrock_costs_nothing_but_time(
    fleet: Fleet, until: Callable[..., None], fault: dict[str, object], repaired: dict[str, object]
) -> None:
    fleet.stack.bedrock.control(fault)
    worker = fleet.start(CIS_REPLAY_INTERVAL_S="1")
    for number, key in enumerate(KEYS):
        fleet.put(key, picture(number))
    until(lambda: all(fleet.finished(key) for key in KEYS) and fleet.waiting() == 0)
    rows = [fleet.row(key) for key in KEYS]
    assert all(row is not None and row.vectors_pending and row.failures == 0 for row in rows)
    assert fleet.dead_letters() == 0
    read = len(fleet.events("page_ocred"))
    assert read == len(KEYS)

    fleet.stack.bedrock.control(repaired)
    until(lambda: not any((row := fleet.row(key)) is None or row.pending for key in KEYS))
    index = fleet.index()
    documents = [index.document(row.file_id) for row in rows if row is not None]
    index.close()
    assert all(document is not None and document.vectors.image for document in documents)
    assert len(fleet.events("page_ocred")) == read
    until(lambda: len(fleet.events("pending_filled")) >= len(KEYS))
    assert worker.stop() == 0
