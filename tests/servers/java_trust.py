"""The system's certificates as a Java truststore: Java has its own, which lacks those of a company proxy."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PKCS12Certificate,
    serialize_java_truststore,
)

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PASSWORD = "changeit"  # Java requires one; certificates are public
_OPTIONS = "MAVEN_OPTS"


def maven_options(folder: Path, *, bundle: Path = SYSTEM_BUNDLE) -> dict[str, str]:
    """MAVEN_OPTS with a truststore made of the system's bundle and written into `folder`.

    Empty where there is no bundle, or where MAVEN_OPTS names a truststore already.
    """
    given = os.environ.get(_OPTIONS, "")
    if not bundle.is_file() or "javax.net.ssl.trustStore" in given:
        return {}
    store = folder / "trusted.p12"
    certificates = x509.load_pem_x509_certificates(bundle.read_bytes())
    named = [PKCS12Certificate(each, str(number).encode()) for number, each in enumerate(certificates)]
    store.write_bytes(serialize_java_truststore(named, BestAvailableEncryption(_PASSWORD.encode())))
    options = (
        f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        f"-Djavax.net.ssl.trustStorePassword={_PASSWORD}",
    )
    return {_OPTIONS: " ".join((given, *options)).strip()}
