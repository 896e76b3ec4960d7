"""Names of files within documents, made fit to be shown and stored; no file is ever written under one."""

from __future__ import annotations

import unicodedata

from worker.models.member import BETWEEN_MEMBERS, MAX_PATH_CHARS, is_unseen

_MAX_NAME_CHARS = 200
_REPLACEMENT = "\ufffd"


def clean_name(name: str, *, number: int) -> str:
    """A name as one line of visible characters; one that is empty is replaced by its number."""
    text = unicodedata.normalize("NFC", name.replace("\\", "/"))
    text = "".join(_REPLACEMENT if is_unseen(each) else each for each in text)
    parts = [part.strip() for part in text.split("/")]
    text = "/".join(part for part in parts if part not in ("", ".", ".."))
    if len(text) > _MAX_NAME_CHARS:
        # The end of a long name has the extension.
        text = "…" + text[-_MAX_NAME_CHARS + 1 :]
    return text or f"file {number}"


def member_path(container: str, name: str) -> str:
    """The path of a file in a container, which is "" for the document itself."""
    path = f"{container}{BETWEEN_MEMBERS}{name}" if container else name
    return path if len(path) <= MAX_PATH_CHARS else "…" + path[-MAX_PATH_CHARS + 1 :]
