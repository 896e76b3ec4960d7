"""A ZIP archive of one file under a password, by the traditional encryption (APPNOTE 6.1)."""

from __future__ import annotations

import io
import zipfile
import zlib

_ENCRYPTED = 0x1


def encrypt(name: str, data: bytes, *, password: bytes) -> bytes:
    """The archive; Python reads such and writes none."""
    checksum = zlib.crc32(data)
    keys = _Keys(password)
    header = bytes(11) + bytes([checksum >> 24])
    secret = bytes(map(keys.encrypt, header + data))
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr(name, bytes(len(secret)))
    stored = bytearray(plain.getvalue().replace(bytes(len(secret)), secret, 1))
    for at, flags, crc, size in ((0, 6, 14, 22), (stored.index(b"PK\x01\x02"), 8, 16, 24)):
        stored[at + flags] |= _ENCRYPTED
        stored[at + crc : at + crc + 4] = checksum.to_bytes(4, "little")
        stored[at + size : at + size + 4] = len(data).to_bytes(4, "little")
    return bytes(stored)


class _Keys:
    def __init__(self, password: bytes) -> None:
        self._keys = [0x12345678, 0x23456789, 0x34567890]
        for byte in password:
            self._update(byte)

    def encrypt(self, byte: int) -> int:
        """One byte, which changes the keys."""
        mixed = self._keys[2] | 2
        secret = byte ^ (((mixed * (mixed ^ 1)) >> 8) & 0xFF)
        self._update(byte)
        return secret

    def _update(self, byte: int) -> None:
        first, second, third = self._keys
        first = _crc(byte, first)
        second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        self._keys = [first, second, _crc(second >> 24, third)]


def _crc(byte: int, crc: int) -> int:
    """One step of CRC-32 without its inversions."""
    return zlib.crc32(bytes([byte]), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
