"""Containers of rights management (DRM): files that only a program with a licence opens.

They are named as what they are, encrypted, and not as damaged or of an unknown type. No password opens them.
"""

from __future__ import annotations

from pathlib import PurePath

from worker.errors import Code, RejectedError

_SIGNATURES = (
    (b".pfile", "Microsoft Information Protection"),
    (b"\x76\xe8\x04\x60\xc4\x11\xe3\x86", "Microsoft Information Protection"),  # [MS-OXORMMS] 2.2.4.5
    (b"\x9b DRMONE", "Fasoo"),
    (b"<## NASCA DRM FILE", "NASCA"),
    (b"SCDSA0", "SoftCamp"),
)
_SUFFIXES = {
    **dict.fromkeys((".pfile", ".ptxt", ".pxml", ".pjpg", ".pjpeg", ".ppng", ".ptif"), "Microsoft RMS"),
    **dict.fromkeys((".ptiff", ".pbmp", ".pgif", ".ppdf", ".rpmsg"), "Microsoft RMS"),
    ".fcl": "FinalCode",
}
"""Endings that such programs give to files; they count where the content is of no known type."""
RIGHTS_OF_BOOKS = "meta-inf/rights.xml"
"""The part of an e-book that names the rights to it; the others are encrypted."""


def rights_manager(head: bytes, name: str, *, is_unknown: bool) -> str | None:
    """The system that protects a file, by its first bytes or, if its type `is_unknown`, by its name."""
    found = next((system for signature, system in _SIGNATURES if head.startswith(signature)), None)
    if found is None and is_unknown:
        return _SUFFIXES.get(PurePath(name).suffix.lower())
    return found


def rights_managed(name: str, system: str) -> RejectedError:
    """The reason for a file that such a system protects."""
    return RejectedError(
        f"{name}: encrypted: rights_managed ({system}); only a program with a licence for it opens it",
        code=Code.ENCRYPTED,
    )
