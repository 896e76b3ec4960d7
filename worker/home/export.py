"""The text of a home as files: where each goes, and what is in it.

The paths come from an index, so they are treated as any text: whatever they hold, a file stays below the
folder it is exported to.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO

from worker.errors import MisconfiguredError
from worker.home.folder import translate_os_errors
from worker.models.document import Document

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")
_PDF_SUFFIX = ".pdf"
_NAME_BYTES = 200
"""Of the 255 bytes that file systems allow, as a suffix and a number come on top."""


def as_text(document: Document) -> str:
    """The pages one after the other, with a form feed between two, as pdftotext writes them."""
    return "\f".join(f"{page.text.rstrip()}\n" for page in document.pages)


def as_markdown(document: Document) -> str:
    """A heading with what is known of the file, then each page under its own."""
    facts = {
        "file": document.file_path,
        "type": document.file_type.value,
        "language": document.language,
        "not read": document.reason_message or document.reason,
    }
    lines = [f"# {_one_line(document.file_name)}", ""]
    lines += [f"- {name}: {_one_line(value)}" for name, value in facts.items() if value]
    for page in document.pages:
        lines += ["", f"## Page {page.number}", "", _without_headings(page.text.strip())]
    return "\n".join(lines) + "\n"


class ExportFolder:
    """Writes documents below a folder, each where its file was below the one that all files share.

    Raises MisconfiguredError where the folder holds something already, or cannot be written.
    """

    def __init__(self, folder: Path, *, paths: Iterable[str], suffix: str, overwrite: bool) -> None:
        self._folder = folder
        self._suffix = suffix
        self._root = _shared_folder(paths)
        self._taken: set[str] = set()
        with translate_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not overwrite and any(folder.iterdir()):
                raise MisconfiguredError(
                    f"{folder} is not empty; name another folder, or write over its files with --overwrite"
                )

    def write(self, file_path: str, text: str) -> Path:
        """Write the text of a file; where it went."""
        path = self._folder.joinpath(*self._place(file_path, self._suffix))
        with translate_os_errors(self._folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        return path

    def copy_pdf(self, file_path: str, pdf: IO[bytes]) -> Path:
        """Copy the PDF of a file, which is a PDF itself or becomes one; where it went."""
        path = self._folder.joinpath(*self._place(file_path, _PDF_SUFFIX))
        with translate_os_errors(self._folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                shutil.copyfileobj(pdf, file)
        return path

    def _place(self, file_path: str, suffix: str) -> Sequence[str]:
        names = PurePosixPath(file_path).parts
        shared = len(self._root) if names[: len(self._root)] == self._root else 0
        *folders, name = [_safe(part) for part in names[shared:] if part != "/"] or ["unnamed"]
        if suffix == _PDF_SUFFIX and name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
        number, last = 1, f"{name}{suffix}"
        # Two paths may differ only in what is no safe name; case, too, decides nothing on some disks.
        while (key := "/".join([*folders, last]).casefold()) in self._taken:
            number += 1
            last = f"{name} ({number}){suffix}"
        self._taken.add(key)
        return [*folders, last]


def _shared_folder(paths: Iterable[str]) -> tuple[str, ...]:
    shared: tuple[str, ...] | None = None
    for path in paths:
        parents = PurePosixPath(path).parts[:-1]
        pairs = zip(parents if shared is None else shared, parents, strict=False)
        shared = tuple(name for name, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return shared or ()


def _safe(name: str) -> str:
    """A name that is one component of a path, and not the folder above."""
    name = _UNSAFE.sub("_", name)
    if name.strip(".") == "":
        name = "_" * max(1, len(name))
    return name.encode("utf-8", "replace")[:_NAME_BYTES].decode("utf-8", "ignore")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _without_headings(text: str) -> str:
    # A line of a document that begins with # would become a heading among ours.
    return re.sub(r"^(?=#)", r"\\", text, flags=re.MULTILINE)
