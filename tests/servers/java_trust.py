"""Whom a Java program trusts: by its own store, or by the system's.

Java has a store of certificates of its own. Behind a company's proxy it is the system's bundle that knows
whom to trust, so it is handed to Java in the form that Java reads.
"""

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
_PASSWORD = "changeit"  # Java wants one; nothing in there is secret
_OPTIONS = "MAVEN_OPTS"


def maven_options(folder: Path, *, bundle: Path = SYSTEM_BUNDLE) -> dict[str, str]:
    """The variable that has Maven trust the system's bundle, by way of a store written into `folder`.

    Nothing where there is no bundle, or where the user's own options name a store.
    """
    told = os.environ.get(_OPTIONS, "")
    if not bundle.is_file() or "javax.net.ssl.trustStore" in told:
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
    return {_OPTIONS: " ".join((told, *options)).strip()}
