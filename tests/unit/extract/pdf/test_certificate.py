"""Names in the certificates of signatures."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.stand_ins.made_signatures import certificate_of, signature_of
from worker.extract.pdf.certificate import certificate_names, signer_names

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("beside", ["", "Somebody Else", "A", "ほかの人の長い名前"])
def test_the_name_is_that_of_the_one_who_signed(beside: str) -> None:
    assert signer_names(signature_of("山田 太郎", "東京商会", beside=beside)) == ["山田 太郎", "東京商会"]
    assert signer_names(signature_of("Taro Yamada", beside=beside)) == ["Taro Yamada"]


def test_bytes_behind_the_message_are_those_that_a_pdf_keeps_free() -> None:
    assert signer_names(signature_of("Taro Yamada") + bytes(4000)) == ["Taro Yamada"]


def test_a_certificate_may_stand_alone() -> None:
    certificate, _ = certificate_of("山田 太郎")
    assert certificate_names(certificate.public_bytes(Encoding.DER)) == ["山田 太郎"]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"0",
        b"\x30\x80\0\0",
        b"\x30\x05\x02\x01",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x89" + bytes(20),
        b"text",
    ],
)
def test_what_is_no_message_has_no_names(damaged: bytes) -> None:
    assert signer_names(damaged) == []
    assert certificate_names(damaged) == []


def test_damage_anywhere_costs_only_the_names() -> None:
    message = signature_of("Taro Yamada")
    choice = random.Random(7)
    for _ in range(500):
        damaged = bytearray(message[: choice.randrange(len(message))])
        for _ in range(3):
            damaged[choice.randrange(len(damaged))] = choice.randrange(256)
        assert isinstance(signer_names(bytes(damaged)), list)


def test_a_long_name_is_cut() -> None:
    message = signature_of("a" * 64)
    longer = message.replace(b"a" * 64, b"b" * 64)
    assert signer_names(longer) == ["b" * 64]
