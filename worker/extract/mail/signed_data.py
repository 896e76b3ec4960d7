"""What is signed in a message of S/MIME that has text and signature in one block (CMS, RFC 5652)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_SIGNED = bytes.fromhex("2a864886f70d010702")
_ENVELOPED = bytes.fromhex("2a864886f70d010703")
_AUTHENTICATED = bytes.fromhex("2a864886f70d0109100117")
_OBJECT_ID, _OCTETS, _CONSTRUCTED, _INNER = 0x06, 0x04, 0x20, 0xA0
_MAX_DEPTH = 30
_MAX_ELEMENTS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedData:
    """The bytes that are signed: None where only certificates are there, or the block is encrypted."""

    content: bytes | None
    is_encrypted: bool = False


def read_signed_data(data: bytes) -> SignedData:
    """The content of a block. Raises ValueError where it is neither signed nor encrypted data."""
    kind, *rest = _children(_Element(data, 0, 0))
    if kind.tag != _OBJECT_ID:
        raise ValueError("a block of another form")
    if kind.value in (_ENVELOPED, _AUTHENTICATED):
        return SignedData(content=None, is_encrypted=True)
    if kind.value != _SIGNED or not rest:
        raise ValueError("a block that is not signed")
    (signed, *_) = _children(rest[0])
    # Version, digests, and then what is signed.
    (_, _, encapsulated, *_) = _children(signed)
    (_, *inner) = _children(encapsulated)
    if not inner or inner[0].tag != _INNER:
        return SignedData(content=None)
    return SignedData(content=b"".join(_octets(each) for each in _children(inner[0])))


class _Element:
    """One value with its tag; of indefinite length, where it ends with two zero bytes, too."""

    def __init__(self, data: bytes, at: int, depth: int) -> None:
        if depth > _MAX_DEPTH or at + 2 > len(data):
            raise ValueError("a block that ends early")
        self._data, self._depth = data, depth
        self.tag = data[at]
        self._begin, size = at + 2, data[at + 1]
        if size == 0x80:
            self._end = self.next = -1
            *_, last = [None, *self.parts()]
            self._end = last.next if last is not None else self._begin
            self.next = self._end + 2
            return
        if size > 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[self._begin : self._begin + count], "big")
            self._begin += count
        # A truncated message is read as far as it goes.
        self._end = self.next = min(self._begin + size, len(data))

    @property
    def value(self) -> bytes:
        """Its bytes."""
        return self._data[self._begin : self._end]

    def parts(self) -> Iterator[_Element]:
        """The values within it."""
        at = self._begin
        for _ in range(_MAX_ELEMENTS):
            if at == self._end or self._data[at : at + 2] == b"\0\0":
                return
            child = _Element(self._data, at, self._depth + 1)
            yield child
            at = child.next
        raise ValueError("a block without an end")


def _children(element: _Element) -> list[_Element]:
    if not element.tag & _CONSTRUCTED:
        raise ValueError("a block of another form")
    return list(element.parts())


def _octets(element: _Element) -> bytes:
    """The bytes of a string that may be in pieces."""
    if element.tag & _CONSTRUCTED:
        return b"".join(map(_octets, _children(element)))
    return element.value
