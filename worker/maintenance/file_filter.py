"""Which files a command is about: by reason, type, prefix and age."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

from worker.errors import UNREAD, Code, MisconfiguredError
from worker.models.file import FileType

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
# Extensions that mean a type of another name.
_ALIASES = {"jpeg": "jpg", "tif": "tiff", "htm": "html", "docm": "docx", "xlsm": "xlsx", "heif": "heic"}
_KNOWN = frozenset(FileType)

MOVED_BY_SQS = "moved_by_sqs"
"""In place of a reason: SQS moved a message itself, after too many receives; no worker gave it up."""

_REASONS = frozenset(Code) | {MOVED_BY_SQS}
_UNREAD: frozenset[str] = frozenset(UNREAD)


def parse_age(text: str) -> float:
    """Seconds of an age such as 90s, 15m, 12h, 7d or 2w. Raises MisconfiguredError."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise MisconfiguredError(
            f"{text!r} is no age: write a number and s, m, h, d or w, for example 12h or 7d."
        )
    return float(found[1]) * _UNITS_S[found[2]]


def types_of(path: str, file_type: str | None = None) -> frozenset[str]:
    """The types a file goes by: what was detected, and what its name says."""
    extension = PurePosixPath(path).suffix[1:].lower()
    named = _ALIASES.get(extension, extension)
    detected = file_type if file_type in _KNOWN and file_type != FileType.UNSUPPORTED else None
    # What was detected wins: a .pdf that is a picture is one.
    return frozenset({detected} if detected else {named, extension} - {""})


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFilter:
    """Conditions that a file must meet; an empty one is met by all.

    A prefix is that of a key, of bucket/key, or of s3://bucket/key.
    """

    reasons: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    prefix: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no condition."""
        return not (self.reasons or self.types or self.prefix)

    def has_reason(self, codes: frozenset[str]) -> bool:
        """Whether one of the codes is wanted."""
        return not self.reasons or bool(self.reasons & codes)

    def has_name(self, bucket: str, key: str, *, path: str = "", file_type: str | None = None) -> bool:
        """Whether the file has the prefix and the type."""
        if self.types and not self.types & types_of(path or key, file_type):
            return False
        full = f"{bucket}/{key}"
        return key.startswith(self.prefix) or full.startswith(self.prefix.removeprefix("s3://"))


def make_filter(reasons: list[str], types: list[str], prefix: str) -> FileFilter:
    """A filter from what a user wrote: several values, each also separated by commas.

    Raises MisconfiguredError for a reason that there is not.
    """
    _require_known("reason", _split(reasons), _REASONS)
    names = {name.lower().lstrip(".") for name in _split(types)}
    return FileFilter(
        reasons=frozenset(_split(reasons)),
        types=frozenset(_ALIASES.get(name, name) for name in names),
        prefix=prefix,
    )


def parse_unread(values: list[str]) -> frozenset[str]:
    """Codes of what was not read, from what a user wrote, as in `make_filter`.

    Raises MisconfiguredError for a code that nothing unread has.
    """
    _require_known("code of what is unread", _split(values), _UNREAD)
    return frozenset(_split(values))


def _require_known(what: str, given: list[str], known: frozenset[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        close = get_close_matches(unknown[0], known)
        hint = f"did you mean {' or '.join(close)}?" if close else "docs/errors.md lists them."
        raise MisconfiguredError(f"There is no {what} {', '.join(unknown)}; {hint}")


def _split(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]
