"""What the process that makes a searchable PDF is asked, and what it answers: one JSON object each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from worker.errors import Code
from worker.extract.read_options import Limits
from worker.models.file import FileType
from worker.models.page import Page

TARGET_NAME = "searchable.pdf"


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchableRequest:
    """A file that lies in `folder`, which is the process's own, with its pages that were OCRed.

    The PDF is written there, too, as TARGET_NAME.
    """

    path: Path
    folder: Path
    file_type: FileType
    pages: tuple[Page, ...]
    limits: Limits
    passwords: tuple[str, ...] = field(default=(), repr=False)

    def to_json(self) -> Iterator[str]:
        """The request in pieces: a document may have thousands of pages."""
        values = {
            "path": str(self.path),
            "folder": str(self.folder),
            "file_type": self.file_type.value,
            "limits": asdict(self.limits),
            "passwords": self.passwords,
        }
        yield f'{json.dumps(values)[:-1]}, "pages": ['
        for number, page in enumerate(self.pages):
            yield f"{', ' if number else ''}{json.dumps(page.as_dict())}"
        yield "]}"

    @classmethod
    def from_json(cls, text: str) -> SearchableRequest:
        """The request; raises KeyError, TypeError or ValueError for any other text."""
        values = json.loads(text)
        return cls(
            path=Path(values["path"]),
            folder=Path(values["folder"]),
            file_type=FileType(values["file_type"]),
            pages=tuple(map(Page.from_dict, values["pages"])),
            limits=Limits(**values["limits"]),
            passwords=tuple(values["passwords"]),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchableAnswer:
    """How many pages the PDF has, how many with text, and which are lost; or why there is no PDF."""

    pages: int = 0
    with_text: int = 0
    lost: tuple[int, ...] = ()
    code: Code | None = None
    message: str = ""

    def to_json(self) -> str:
        """The answer on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: bytes) -> SearchableAnswer:
        """The answer; raises KeyError, TypeError or ValueError for any other text."""
        values: Any = json.loads(text)
        code, message = values["code"], values["message"]
        if not isinstance(message, str):
            raise TypeError("a message is text")
        return cls(
            pages=int(values["pages"]),
            with_text=int(values["with_text"]),
            lost=tuple(map(int, values["lost"])),
            code=None if code is None else Code(code),
            message=message,
        )
