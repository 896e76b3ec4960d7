"""The two small images made of a preview: the thumbnail for people and the image that is embedded."""

from __future__ import annotations

import io

from PIL import Image

_THUMBNAIL_PX = 512
_THUMBNAIL_QUALITY = 80
_EMBEDDED_PX = 1024
_EMBEDDED_QUALITY = 90
"""At 1024 x 1024 px even pure noise stays near 1 MB, far from the 5 MB the embedding models accept."""


def thumbnail(preview: Image.Image) -> bytes:
    """WebP in sRGB, longest side at most 512 px; the preview (upright, RGB) is not changed."""
    return _encode(preview, _THUMBNAIL_PX, image_format="WEBP", quality=_THUMBNAIL_QUALITY)


def picture_to_embed(preview: Image.Image) -> bytes:
    """JPEG in sRGB, longest side at most 1024 px, under 5 MB."""
    return _encode(preview, _EMBEDDED_PX, image_format="JPEG", quality=_EMBEDDED_QUALITY)


def _encode(preview: Image.Image, longest_px: int, *, image_format: str, quality: int) -> bytes:
    # The copy has no colour profile: the preview is sRGB already.
    small = preview.convert("RGB")
    small.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format=image_format, quality=quality)
    return buffer.getvalue()
