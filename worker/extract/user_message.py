"""Messages for users: they name the file as its owner knows it, and are the same in every run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

# What a reader calls the file it has in hand: the download, a file for LibreOffice, a page that was drawn;
# the type of an error may stand before it.
_START = r"(?:^|(?<=^OCRError: ))"
_FILE_IN_HAND = re.compile(rf"{_START}(?:original|document\.\w+)(?=[,:])")
_PAGE_IN_HAND = re.compile(rf"{_START}page-0*(\d+)[\w.-]*(?=[,:])")
# Libraries print the objects that they were given, with addresses.
_OBJECT = re.compile(r"<_?[\w.]+ (?:object at|name=)[^<>]*>")
_REST_OF_PATH = r"""[^\s'"(),;:]*"""


def user_message(message: str, *, name: str, folders: Iterable[Path]) -> str:
    """The message with `name` where it names a temporary file, or a path below one of the folders."""
    for folder in folders:
        message = re.sub(re.escape(str(folder)) + _REST_OF_PATH, lambda _: name, message)
    message = _OBJECT.sub(lambda _: name, message)
    message = _FILE_IN_HAND.sub(lambda _: name, message)
    return _PAGE_IN_HAND.sub(lambda found: f"{name}, page {found[1]}", message)
