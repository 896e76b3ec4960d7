"""Making a picture small enough for the embedding service."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from worker.errors import BedrockError

_LONGEST_SIDE_PX = 2048
_SHORTEST_SIDE_PX = 64


def shrink_picture(name: str, data: bytes, *, max_bytes: int) -> bytes:
    """The picture as an upright RGB JPEG of at most `max_bytes`, scaled down as little as it takes.

    Raises BedrockError (`retry_allowed` False) for what is no picture, or too large to decode safely.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            # draft lets the JPEG decoder skip what the scaling would throw away
            opened.draft("RGB", (_LONGEST_SIDE_PX, _LONGEST_SIDE_PX))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BedrockError(f"{name} cannot be scaled down: {error}.", retry_allowed=False) from error
    side_px = _LONGEST_SIDE_PX
    while side_px >= _SHORTEST_SIDE_PX:
        picture.thumbnail((side_px, side_px))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=85)
        if out.tell() <= max_bytes:
            return out.getvalue()
        side_px //= 2
    raise BedrockError(f"{name} does not fit into {max_bytes} bytes at any size.", retry_allowed=False)
