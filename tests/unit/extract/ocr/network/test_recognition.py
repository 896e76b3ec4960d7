"""Pictures of lines through a network and back, in their order."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from worker.extract.ocr.network.recognition import read_lines
from worker.extract.ocr.network.sessions import Pixels, Recognition

pytestmark = pytest.mark.unit


class _Brightness:
    """Reads "w" in a white line and "b" in a black one."""

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        steps = pixels.shape[3] // 8
        logits = np.zeros((len(pixels), steps, 3), dtype=np.float32)
        for number, line in enumerate(pixels):
            logits[number, 0, 1 if line[0, 0, 0] > 0 else 2] = 9.0
        return logits


def test_each_line_gets_its_own_reading_whatever_batch_it_was_in() -> None:
    network = Recognition(session=_Brightness(), alphabet=("", "w", "b"), label="test")
    lines = [Image.new("L", (width, 48), grey) for width, grey in ((900, 255), (40, 0), (910, 0), (50, 255))]

    readings = read_lines(lines, network)

    assert ["".join(char.char for char in reading) for reading in readings] == ["w", "b", "b", "w"]
    assert read_lines([], network) == []
