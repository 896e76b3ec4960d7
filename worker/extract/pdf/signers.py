"""The names of those who signed a PDF: as their signatures have them, else by their certificates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2.raw as pdfium

from worker.extract.pdf.certificate import certificate_names, signer_names
from worker.extract.text.normalise import clean

_ERRORS = (
    *(pikepdf.PdfError, pikepdf.PasswordError, RuntimeError, ValueError, TypeError, LookupError),
    *(AttributeError, OverflowError),
)
_MAX_FIELDS = 20_000
_MAX_SIGNATURES = 200
_MAX_MESSAGE_BYTES = 4 << 20
_MAX_NAME_CHARS = 200
_MAX_LEVELS = 50
_TIMESTAMP = "/DocTimeStamp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signers:
    """The names, each once, and how many signatures have none that can be read."""

    names: tuple[str, ...] = ()
    unnamed: int = 0


def signers(document: Any, path: Path, passwords: Sequence[str]) -> Signers:
    """Those of a file, whose open document says whether it is signed at all."""
    count = min(max(0, pdfium.FPDF_GetSignatureCount(document)), _MAX_SIGNATURES)
    if not count:
        return Signers()
    for password in ("", *passwords):
        try:
            with pikepdf.open(path, password=password, suppress_warnings=True) as pdf:
                found = [_names(each) for each in _signatures(pdf)]
        except _ERRORS:
            continue
        names = dict.fromkeys(name for each in found for name in each)
        return Signers(names=tuple(names), unnamed=sum(not each for each in found))
    return Signers(unnamed=count)


def _signatures(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """The dictionaries of signatures of people, in the order of their fields; no time stamps."""
    waiting = [(field, 0) for field in reversed(list(pdf.Root.AcroForm.Fields))]
    found = 0
    for _ in range(_MAX_FIELDS):
        if not waiting or found == _MAX_SIGNATURES:
            return
        field, level = waiting.pop()
        if level < _MAX_LEVELS and "/Kids" in field:
            waiting += [(kid, level + 1) for kid in reversed(list(field.Kids))]
        value = field.get("/V")
        if not isinstance(value, pikepdf.Dictionary) or "/ByteRange" not in value:
            continue
        if str(value.get("/Type")) != _TIMESTAMP:
            found += 1
            yield value


def _names(signature: Any) -> list[str]:
    name = signature.get("/Name")
    if name is not None and (text := clean(str(name))[:_MAX_NAME_CHARS].strip()):
        return [text]
    message = signature.get("/Contents")
    names = signer_names(bytes(message)[:_MAX_MESSAGE_BYTES]) if message is not None else []
    certificate = signature.get("/Cert")
    if names or certificate is None:
        return names
    first = certificate[0] if isinstance(certificate, pikepdf.Array) else certificate
    return certificate_names(bytes(first)[:_MAX_MESSAGE_BYTES])
