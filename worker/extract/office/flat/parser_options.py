"""How an Office document that is one XML file is parsed: a picture in it may be a very long text."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

from worker.extract.office.ooxml_package import SAFE_XML

_ENTITY = "<!ENTITY"


def parser_options(path: Path) -> dict[str, Any]:
    """The safe options, without the limit of a text to 10 MB, which a photo in base64 exceeds.

    With the limit that of entities would go, too: no program writes them, and where there are some it stays.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        encodings = ("utf-8", "utf-16-le", "utf-16-be")
        has_entities = any(content.find(_ENTITY.encode(encoding)) >= 0 for encoding in encodings)
    return {**SAFE_XML, "huge_tree": not has_entities}
