"""Who signed: the names in the certificate of a signature, by a walk through its bytes.

A signature is a message of CMS (RFC 5652) with the certificates (RFC 5280) that belong to it, all in DER
(X.690). Nothing is verified: a name is found as the text on a page is, which may be forged as well.
"""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE, _SET, _INTEGER, _OBJECT_ID, _CERTIFICATES = 0x30, 0x31, 0x02, 0x06, 0xA0
_VERSION = 0xA0
_COMMON_NAME, _ORGANISATION = bytes.fromhex("550403"), bytes.fromhex("55040a")
_ENCODINGS = {
    **{0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii"},
    **{0x1C: "utf-32-be", 0x1E: "utf-16-be"},
}
_MAX_CHARS = 200
_MAX_CERTIFICATES = 100
# A length is written in so many bytes at most; signatures are far smaller than what that reaches.
_MAX_LENGTH_BYTES = 4

_Item = tuple[int, bytes]
"""Tag and content."""


def signer_names(message: bytes) -> list[str]:
    """The names of the one who signed, and of the organisation; none where they cannot be read."""
    try:
        return _names_of(_signer(message))
    except (ValueError, IndexError, LookupError):
        return []


def certificate_names(certificate: bytes) -> list[str]:
    """The same of a certificate that stands alone."""
    try:
        return _names_of(next(_items(certificate))[1])
    except (ValueError, IndexError, LookupError, StopIteration):
        return []


def _signer(message: bytes) -> bytes:
    """The content of the certificate that the first signer's information names, else of the first one."""
    signed = _inside(_inside(_inside(message, 0), 1), 0)
    fields = list(_items(signed))
    certificates = next(content for tag, content in fields[3:] if tag == _CERTIFICATES)
    found = [content for _, content in zip(range(_MAX_CERTIFICATES), _contents(certificates), strict=False)]
    serial = _serial_of_signer(fields)
    return next((each for each in found if serial and _serial(each) == serial), found[0])


def _serial_of_signer(fields: list[_Item]) -> bytes:
    """The number of the signer's certificate; b"" where the signer is named otherwise."""
    information = _inside(fields[-1][1], 0)
    tag, identifier = list(_items(information))[1]
    if tag != _SEQUENCE:
        return b""
    return list(_items(identifier))[1][1]


def _fields(certificate: bytes) -> list[_Item]:
    """What is signed in a certificate: number, algorithm, issuer, validity, subject, and more."""
    found = list(_items(_inside(certificate, 0)))
    return found[1:] if found[0][0] == _VERSION else found


def _serial(certificate: bytes) -> bytes:
    return _fields(certificate)[0][1]


def _names_of(certificate: bytes) -> list[str]:
    """The common name and the organisation of a subject."""
    names: dict[bytes, str] = {}
    for _, relative in _items(_fields(certificate)[4][1]):
        for _, attribute in _items(relative):
            (_, kind), (tag, text) = list(_items(attribute))[:2]
            if kind in (_COMMON_NAME, _ORGANISATION) and tag in _ENCODINGS:
                names.setdefault(kind, text.decode(_ENCODINGS[tag], "replace")[:_MAX_CHARS].strip())
    found = (names.get(kind, "") for kind in (_COMMON_NAME, _ORGANISATION))
    return list(dict.fromkeys(filter(None, found)))


def _inside(data: bytes, number: int) -> bytes:
    """The content of the element with this number, the first is 0."""
    return list(_items(data))[number][1]


def _contents(data: bytes) -> Iterator[bytes]:
    return (content for _, content in _items(data))


def _items(data: bytes) -> Iterator[_Item]:
    """The elements that follow one another. Raises ValueError and IndexError where they are damaged."""
    at = 0
    while at < len(data) and data[at]:
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            if not 0 < count <= _MAX_LENGTH_BYTES:
                raise ValueError("an element without a length that is known")
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            raise ValueError("an element is longer than what it is in")
        yield tag, data[at : at + length]
        at += length
