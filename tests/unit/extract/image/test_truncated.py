"""Pictures whose file ends too early: what is there is decoded, and what is not is cut off."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from worker.extract.image.decoders import DECODER_ERRORS
from worker.extract.image.decoding import decode_page, decode_preview

pytestmark = pytest.mark.unit

_SIZE_PX = (240, 320)
_HOW: dict[str, dict[str, object]] = {
    "JPEG": {},
    "PNG": {},
    "BMP": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
}


def _noise() -> Image.Image:
    """A page with which every row is another: none is black or of one shade."""
    levels = np.random.default_rng(1).integers(100, 255, (_SIZE_PX[1], _SIZE_PX[0]), dtype=np.uint8)
    return Image.fromarray(levels).convert("RGB")


def _cut(folder: Path, image_format: str, share: float, **how: object) -> Path:
    buffer = io.BytesIO()
    _noise().save(buffer, image_format, **how)
    path = folder / f"picture.{image_format.lower()}"
    path.write_bytes(buffer.getvalue()[: int(share * buffer.tell())])
    return path


@pytest.mark.parametrize("share", [0.9, 0.5])
@pytest.mark.parametrize("image_format", list(_HOW))
def test_the_rows_that_are_there_are_kept_and_no_others(
    tmp_path: Path, image_format: str, share: float
) -> None:
    path = _cut(tmp_path, image_format, share, **_HOW[image_format])

    with pytest.raises(DECODER_ERRORS):
        decode_page(path, 0)
    page = decode_page(path, 0, part=True)
    preview = decode_preview(path, 0, part=True)

    assert page.width == _SIZE_PX[0]
    assert (share - 0.08) * _SIZE_PX[1] <= page.height <= (share + 0.01) * _SIZE_PX[1]
    assert abs(preview.height - page.height) <= 2
    # Neither black nor grey: the last row is as the first one.
    assert np.asarray(page)[-1].std() > 10


@pytest.mark.parametrize(("image_format", "how"), [("JPEG", {"progressive": True}), ("GIF", {})])
def test_what_is_stored_in_passes_is_shown_at_a_lower_resolution(
    tmp_path: Path, image_format: str, how: dict[str, object]
) -> None:
    page = decode_page(_cut(tmp_path, image_format, 0.9, **how), 0, part=True)

    assert page.height >= 0.9 * _SIZE_PX[1]
    assert np.asarray(page)[-1].std() > 10


def test_a_missing_strip_costs_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "picture.tiff"
    _noise().convert("L").save(path, "TIFF", compression="tiff_lzw", strip_size=_SIZE_PX[0] * 40)
    data = bytearray(path.read_bytes())
    with Image.open(path) as image:
        offsets = image.tag_v2[273]  # type: ignore[attr-defined]
    last = offsets[-1].to_bytes(4, "little")
    assert data.count(last) == 1
    place = data.index(last)
    data[place : place + 4] = (len(data) + 1_000).to_bytes(4, "little")
    path.write_bytes(data)

    page = decode_page(path, 0, part=True)

    assert page.height == (len(offsets) - 1) * 40


def test_a_whole_picture_loses_nothing_when_read_in_part(tmp_path: Path) -> None:
    path = _cut(tmp_path, "PNG", 1.0)

    assert decode_page(path, 0, part=True).tobytes() == decode_page(path, 0).tobytes()


def test_nothing_leaks_into_other_threads(tmp_path: Path) -> None:
    path = _cut(tmp_path, "PNG", 0.9)

    def read(part: bool) -> bool:
        try:
            decode_page(path, 0, part=part)
        except DECODER_ERRORS:
            return False
        return True

    with ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(read, [True, False] * 20))

    assert results == [True, False] * 20
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
