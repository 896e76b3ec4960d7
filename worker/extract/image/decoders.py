"""The decoders of Pillow that read untrusted files, and what they raise."""

from __future__ import annotations

import struct
import zlib

import pillow_heif
from PIL import Image

# Pillow's own limit is global, and only warns at first; `open_image` checks ours before decoding.
Image.MAX_IMAGE_PIXELS = None

pillow_heif.register_heif_opener(thumbnails=False)

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "HEIF", "JPEG2000")
DECODER_ERRORS = (
    OSError,  # Pillow's UnidentifiedImageError is one
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on damaged files."""
