"""Lines read by the network: pictures in, characters with places and confidence out."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from worker.extract.ocr.network.batches import batches
from worker.extract.ocr.network.decoding import ReadChar, decode
from worker.extract.ocr.network.sessions import Recognition

Reading = tuple[ReadChar, ...]


def read_lines(lines: Sequence[Image.Image], network: Recognition, *, narrow: bool = False) -> list[Reading]:
    """What each picture of a line (8-bit grey, of one page) says, in their order; () where nothing."""
    readings: list[Reading] = [()] * len(lines)
    for batch in batches(lines, narrow=narrow):
        logits = network.session.run(batch.pixels)
        for place, number in enumerate(batch.numbers):
            readings[number] = decode(logits[place], network.alphabet, steps=batch.steps[place])
    return readings
