"""The program that protects an encrypted PDF (PDF 32000-1, 7.6.1): passwords, or a system of rights."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

_ENCRYPT = re.compile(rb"/Encrypt\s*(?:(\d{1,10})\s+(\d{1,5})\s+R\b|<<)")
_FILTER = re.compile(rb"/Filter\s*/([^\s/<>\[\]()%]{1,100})")
_WITH_PASSWORDS = "Standard"
_WITH_CERTIFICATES = "Adobe.PubSec"
_ESCAPE = re.compile(r"#([0-9A-Fa-f]{2})")
_MAX_DICTIONARY_BYTES = 65_536
# A file has one for each time that it was saved; more are an attack.
_MAX_FOUND = 100


def rights_handler(path: Path) -> str | None:
    """The name of the system of rights that protects a file; None where passwords or certificates do.

    The dictionary that names it is never encrypted, nor in a compressed stream. It is looked for in the
    bytes: programs that read PDFs do not get so far.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for number, found in enumerate(_ENCRYPT.finditer(content)):
            if number == _MAX_FOUND:
                return None
            at = _place(content, found)
            handler = _FILTER.search(content, at, at + _MAX_DICTIONARY_BYTES) if at is not None else None
            if handler is None:
                continue
            name = _ESCAPE.sub(lambda code: chr(int(code[1], 16)), handler[1].decode("latin-1"))
            return None if name in (_WITH_PASSWORDS, _WITH_CERTIFICATES) else name
    return None


def _place(content: mmap.mmap, found: re.Match[bytes]) -> int | None:
    """Where the dictionary of encryption begins: here, or in an object of its own."""
    if found[1] is None:
        return found.end()
    header = re.compile(rb"(?<!\d)%d\s+%d\s+obj\b" % (int(found[1]), int(found[2])))
    places = [match.end() for match in header.finditer(content)]
    return places[-1] if places else None
