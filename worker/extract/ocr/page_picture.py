"""The picture of a page as it is read: cleaned up, turned, and where its pixels are on the page as drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from worker.errors import OCRError
from worker.extract.image.affine import IDENTITY, Transform, compose, scaling, turn, undo_turn
from worker.extract.image.blank_page import is_blank
from worker.extract.image.grayscale import to_grey
from worker.extract.image.image_preprocessor import ImagePreprocessor, is_low_resolution

CREDIBLE_DPI = range(150, 1201)
"""Of the resolution that a file states; below are the 72 and 96 of programs that do not know it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PagePicture:
    """A file with a picture of the page, and the transform from its pixels to those of the page as drawn.

    `degrees` is how far it was turned clockwise; `before_upscaling` is the picture in the original
    resolution where that is all that was changed.
    """

    path: Path
    size_px: tuple[int, int]
    transform: Transform = IDENTITY
    degrees: int = 0
    before_upscaling: PagePicture | None = None

    def load(self) -> Image.Image:
        """The picture in grey."""
        return load_grey(self.path)


class PictureFolder:
    """Writes the pictures of one page into a folder, under names with that of the page in them.

    The name shows in a process list which page is being read.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._stem = Path(name).stem
        self._count = 0
        self._turned: dict[tuple[Path, int], PagePicture] = {}

    def save(self, grey: Image.Image) -> Path:
        """Write a picture; earlier ones stay, since the best pass may be of one of them."""
        self._count += 1
        path = self._folder / f"{self._stem}-preprocessed-{self._count}.pgm"
        grey.save(path)
        return path

    def clean_up(self, drawn: PagePicture) -> PagePicture | None:
        """The picture preprocessed where it needs it; None, with nothing done, for a blank page."""
        grey = drawn.load()
        if is_blank(grey):
            return None
        picture = drawn
        if is_low_resolution(grey):
            grey = grey.resize((2 * grey.width, 2 * grey.height), Image.Resampling.BICUBIC)
            picture = PagePicture(
                path=self.save(grey), size_px=grey.size, transform=scaling(0.5), before_upscaling=drawn
            )
        preprocessor = ImagePreprocessor()
        clean = preprocessor.clean_up(grey)
        # The usual page needs nothing: Tesseract reads the file itself, and no copy is written.
        if clean is grey:
            return picture
        transform = compose(preprocessor.transform, picture.transform)
        return PagePicture(path=self.save(clean), size_px=clean.size, transform=transform)

    def turn(self, picture: PagePicture, degrees: int) -> PagePicture:
        """The picture turned clockwise by 90, 180 or 270 degrees; written once, for all passes over it."""
        if (picture.path, degrees) not in self._turned:
            turned = turn(picture.load(), degrees)
            self._turned[picture.path, degrees] = replace(
                picture,
                path=self.save(turned),
                size_px=turned.size,
                transform=compose(undo_turn(degrees, picture.size_px), picture.transform),
                degrees=degrees,
                before_upscaling=None,
            )
        return self._turned[picture.path, degrees]


def picture_of(path: Path) -> tuple[PagePicture, int]:
    """The picture in a file and the resolution it states (0 for none); nothing is decoded."""
    with _image_errors(path), Image.open(path) as image:
        return PagePicture(path=path, size_px=image.size), round(float(image.info.get("dpi", (0, 0))[0]))


def load_grey(path: Path) -> Image.Image:
    """The decoded image in 8-bit grey; raises OCRError where it is missing or no image."""
    with _image_errors(path), Image.open(path) as image:
        grey = to_grey(image)
        grey.load()
    return grey


@contextmanager
def _image_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise OCRError(f"File not found: {path}", retry_allowed=False) from error
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise OCRError(f"{path.name}: not an image that can be read", retry_allowed=False) from error
