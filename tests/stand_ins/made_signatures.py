"""Certificates and signatures made for the tests."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import NameOID

_FROM, _TO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


def _name(name: str, organisation: str = "") -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)


def certificate_of(name: str, organisation: str = "") -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate of a person by an authority whose name is not the person's, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(
        issuer_name=_name("Authority"),
        subject_name=_name(name, organisation),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=_FROM,
        not_valid_after=_TO,
    )
    return builder.sign(key, hashes.SHA256()), key


def signature_of(name: str, organisation: str = "", *, beside: str = "") -> bytes:
    """A detached signature of CMS with the signer's certificate, and with another one where it is named."""
    certificate, key = certificate_of(name, organisation)
    builder = (
        PKCS7SignatureBuilder().set_data(b"what is signed").add_signer(certificate, key, hashes.SHA256())
    )
    if beside:
        builder = builder.add_certificate(certificate_of(beside)[0])
    return builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
