"""Pictures as pages of a PDF: the file's own bytes where a PDF can hold them, else as it decodes them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import ExifTags, Image

from worker.extract.image.decoders import DECODER_ERRORS, FORMATS
from worker.extract.image.decoding import decode_drawn

_POINTS_PER_INCH = 72
_CREDIBLE_DPI = (100, 1_200)
"""Of the resolution that a file states; below are the 72 and 96 of programs that do not know it."""
_LONG_SIDE_PT = 842.0
"""Of a picture without a resolution: that of A4."""
_MAX_SIDE_PT = 14_400.0
_MAX_FRAMES = 10_000
_LOSSY = ("HEIF", "JPEG2000", "WEBP", "JPEG", "MPO")
_JPEG_QUALITY = 95
_PNG_HEADER_BYTES = 8
_SPACES = {1: Name.DeviceGray, 3: Name.DeviceRGB}
_PROFILES = {b"GRAY": 1, b"RGB ": 3}
_PLACES = {
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""Where each EXIF orientation (Exif 2.32, tag 274) puts the unit square of a picture on that of its page."""


def add_picture_pages(pdf: Pdf, path: Path, *, max_pixels: int) -> tuple[int, ...]:
    """Append a page for each frame that can be decoded; the numbers of all frames, 0 for one that cannot.

    Raises one of DECODER_ERRORS where the file is no picture.
    """
    return tuple(_numbers(pdf, path, max_pixels))


def _numbers(pdf: Pdf, path: Path, max_pixels: int) -> Iterator[int]:
    done = 0
    for frame in range(_count(path)):
        with suppress(*DECODER_ERRORS):
            if _add_frame(pdf, path, frame, max_pixels):
                done += 1
                yield done
                continue
        yield 0


def _count(path: Path) -> int:
    """How many pages the reader makes of a picture: only a TIFF has more than one."""
    with suppress(*DECODER_ERRORS), Image.open(path, formats=FORMATS) as image:
        if image.format == "TIFF":
            return min(getattr(image, "n_frames", 1), _MAX_FRAMES)
    return 1


def _add_frame(pdf: Pdf, path: Path, frame: int, max_pixels: int) -> bool:
    kept = _jpeg_as_is(pdf, path, max_pixels)
    if kept is not None:
        _add_page(pdf, *kept)
        return True
    with suppress(*DECODER_ERRORS), Image.open(path, formats=FORMATS) as image:
        image.seek(frame)
        if image.width * image.height > max_pixels:
            return False
    try:
        drawn = decode_drawn(path, frame)
    except DECODER_ERRORS:
        drawn = decode_drawn(path, frame, part=True)
    _add_page(pdf, _stream(pdf, drawn.picture, drawn.file_format), _size_pt(drawn.picture.size, drawn.dpi), 1)
    return True


def _jpeg_as_is(
    pdf: Pdf, path: Path, max_pixels: int
) -> tuple[pikepdf.Stream, tuple[float, float], int] | None:
    """A JPEG as it is, with the size of its page and its orientation; None where it must be decoded."""
    with suppress(*DECODER_ERRORS), Image.open(path, formats=("JPEG",)) as image:
        channels = {"L": 1, "RGB": 3}.get(image.mode)
        if channels is None or image.width * image.height > max_pixels:
            return None
        orientation = _orientation(image)
        dpi = _dpi(image)
        profile = image.info.get("icc_profile")
        image.load()  # a damaged one is cut to what it has, as it was read
        size = image.size if orientation < 5 else image.size[::-1]
        stream = _image(pdf, path.read_bytes(), image.size, channels=channels, bits=8)
        stream.Filter = Name.DCTDecode
        _add_profile(pdf, stream, profile, channels)
        return stream, _size_pt(size, dpi if orientation < 5 else dpi[::-1]), orientation
    return None


def _orientation(image: Image.Image) -> int:
    with suppress(*DECODER_ERRORS):
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        return orientation if orientation in _PLACES else 1
    return 1


def _dpi(image: Image.Image) -> tuple[float, float]:
    with suppress(*DECODER_ERRORS):
        across, down = (float(value) for value in image.info.get("dpi", (0, 0)))
        return across, down
    return 0.0, 0.0


def _size_pt(size_px: tuple[int, int], dpi: tuple[float, float]) -> tuple[float, float]:
    low, high = _CREDIBLE_DPI
    width, height = (float(max(1, side)) for side in size_px)
    if low / 2 <= min(dpi) and low <= max(dpi) <= high:
        stated = width / dpi[0] * _POINTS_PER_INCH, height / dpi[1] * _POINTS_PER_INCH
        if max(stated) <= _MAX_SIDE_PT:
            return stated
    scale = _LONG_SIDE_PT / max(width, height)
    return width * scale, height * scale


def _stream(pdf: Pdf, picture: Image.Image, file_format: str) -> pikepdf.Stream:
    """A decoded picture: without a loss, but for those whose format had one already."""
    data = io.BytesIO()
    channels, bits = (3 if picture.mode == "RGB" else 1), (1 if picture.mode == "1" else 8)
    if file_format in _LOSSY and bits == 8:
        picture.save(data, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        stream = _image(pdf, data.getvalue(), picture.size, channels=channels, bits=bits)
        stream.Filter = Name.DCTDecode
        return stream
    # The compressed rows of a PNG are what a PDF calls Flate with predictor 15.
    picture.save(data, "PNG")
    stream = _image(pdf, _png_rows(data.getvalue()), picture.size, channels=channels, bits=bits)
    stream.Filter = Name.FlateDecode
    stream.DecodeParms = Dictionary(
        Predictor=15, Colors=channels, BitsPerComponent=bits, Columns=picture.width
    )
    return stream


def _image(pdf: Pdf, data: bytes, size_px: tuple[int, int], *, channels: int, bits: int) -> pikepdf.Stream:
    return pdf.make_stream(
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size_px[0],
        Height=size_px[1],
        ColorSpace=_SPACES[channels],
        BitsPerComponent=bits,
    )


def _png_rows(png: bytes) -> bytes:
    rows, at = [], _PNG_HEADER_BYTES
    while at < len(png):
        length, kind = struct.unpack_from(">L4s", png, at)
        if kind == b"IDAT":
            rows.append(png[at + 8 : at + 8 + length])
        at += length + 12
    return b"".join(rows)


def _add_profile(pdf: Pdf, stream: pikepdf.Stream, profile: object, channels: int) -> None:
    """Keep the colours of a picture that states its own space."""
    if isinstance(profile, bytes) and _PROFILES.get(profile[16:20]) == channels:
        space = pdf.make_stream(profile, N=channels, Alternate=_SPACES[channels])
        stream.ColorSpace = Array([Name.ICCBased, pdf.make_indirect(space)])


def _add_page(pdf: Pdf, picture: pikepdf.Stream, size_pt: tuple[float, float], orientation: int) -> None:
    width, height = size_pt
    a, b, c, d, e, f = _PLACES.get(orientation, (1, 0, 0, 1, 0, 0))
    place = (a * width, b * height, c * width, d * height, e * width, f * height)
    matrix = " ".join(f"{value:.4f}" for value in place)
    page = pdf.add_blank_page(page_size=(width, height))
    page.obj.Resources = Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(picture)))
    page.obj.Contents = pdf.make_stream(f"q {matrix} cm /Im0 Do Q\n".encode("ascii"))
