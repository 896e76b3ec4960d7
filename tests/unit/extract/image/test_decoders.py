"""The decoders: which formats are read, and that each of their errors is one that callers catch."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from worker.extract.image.decoders import DECODER_ERRORS, FORMATS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_read_and_its_damage_is_an_error_of_the_list(name: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(buffer, format=name)
    with Image.open(io.BytesIO(buffer.getvalue()), formats=[name]) as image:
        image.load()
        assert image.size == (64, 48)
    with pytest.raises(DECODER_ERRORS), Image.open(io.BytesIO(buffer.getvalue()[:12]), formats=[name]) as cut:
        cut.load()


def test_no_limit_of_pixels_is_left_to_the_library() -> None:
    assert Image.MAX_IMAGE_PIXELS is None
