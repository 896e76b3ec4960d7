"""OLE containers that are put together, as a reader of such files finds them."""

from __future__ import annotations

import io

import olefile
import pytest

from worker.extract.office.objects.compound_file import compound_file

pytestmark = pytest.mark.unit


def _read(data: bytes) -> dict[str, bytes]:
    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_POTENTIAL) as container:
        return {"/".join(entry): container.openstream(entry).read() for entry in container.listdir()}


def test_streams_come_back_and_short_ones_are_filled_up() -> None:
    streams = {"WordDocument": b"w" * 5000, "1Table": b"t" * 4096, "\x01CompObj": b"short"}
    found = _read(compound_file({(name,): data for name, data in streams.items()}))
    assert {name: data.rstrip(b"\0") for name, data in found.items()} == streams
    assert len(found["\x01CompObj"]) == 4096
    assert len(found["WordDocument"]) == 5000


def test_a_container_without_streams_is_one() -> None:
    assert _read(compound_file({})) == {}


@pytest.mark.parametrize("megabytes", [7, 17])
def test_large_ones_need_more_tables_than_the_header_names(megabytes: int) -> None:
    data = bytes(range(256)) * (megabytes * 4096)
    found = _read(compound_file({("Workbook",): data, ("Other",): b"o" * 4096}))
    assert found["Workbook"] == data
    assert found["Other"] == b"o" * 4096


def test_streams_are_in_their_folders() -> None:
    places = [
        ("WordDocument",),
        ("Pool", "_2", "Workbook"),
        ("Pool", "_1", "Pool", "_3", "Package"),
        ("Pool", "x"),
    ]
    found = _read(compound_file({place: "/".join(place).encode() * 2000 for place in places}))
    assert found == {"/".join(place): "/".join(place).encode() * 2000 for place in places}
