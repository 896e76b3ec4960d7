"""Office files with a password (the standard encryption, [MS-OFFCRYPTO] 2.3.4.5), made for the tests."""

from __future__ import annotations

import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB

from worker.extract.office.objects.compound_file import compound_file

_PROVIDER = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
_SALT, _VERIFIER = bytes(16), bytes(range(16))
_ROUNDS = 50_000


def encrypted_office_file(data: bytes, password: str) -> bytes:
    """The container of an encrypted docx, xlsx or pptx."""
    key = _key(password)
    head = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + _PROVIDER
    digest = _sha1(_VERIFIER).ljust(32, b"\0")
    verifier = struct.pack("<I", 16) + _SALT + _encrypt(key, _VERIFIER) + struct.pack("<I", 20)
    information = struct.pack("<HHII", 4, 2, 0x24, len(head)) + head + verifier + _encrypt(key, digest)
    package = struct.pack("<Q", len(data)) + _encrypt(key, data + bytes(-len(data) % 16))
    return compound_file({("EncryptionInfo",): information, ("EncryptedPackage",): package})


def _key(password: str) -> bytes:
    digest = _sha1(_SALT + password.encode("utf-16-le"))
    for number in range(_ROUNDS):
        digest = _sha1(struct.pack("<I", number) + digest)
    digest = _sha1(digest + bytes(4)).ljust(64, b"\0")
    return _sha1(bytes(byte ^ 0x36 for byte in digest))[:16]


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _encrypt(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(AES128(key), ECB()).encryptor()  # noqa: S305  (the mode of this format)
    return encryptor.update(data) + encryptor.finalize()
