"""The secret with the passwords: its forms, and the errors when it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from tests.unit.aws.conftest import Wire
from worker.aws.secret_store import read_passwords
from worker.errors import MisconfiguredError, UnavailableError

pytestmark = pytest.mark.unit

Connect = Callable[[str], BaseClient]


@pytest.fixture
def client(connect: Connect) -> Any:
    return connect("secretsmanager")


@pytest.mark.parametrize(
    ("written", "passwords"),
    [
        ("first", ("first",)),
        ("first, with comma\nsecond\n\n", ("first, with comma", "second")),
        ('["first", "秘密", 1234, null, ""]', ("first", "秘密", "1234")),
        ('{"scans": "first", "contracts": "second"}', ("first", "second")),
        ("1234", ("1234",)),
        ('"quoted"', ('"quoted"',)),
        ("null", ("null",)),
    ],
)
def test_a_secret_is_a_list_an_object_or_lines(
    client: Any, wire: Wire, written: str, passwords: tuple[str, ...]
) -> None:
    wire.answer({"Name": "pdf", "SecretString": written})

    assert read_passwords(client, "pdf") == passwords
    assert wire.sent() == {"SecretId": "pdf"}


@pytest.mark.parametrize("answer", [{"SecretString": "[]"}, {"SecretString": "\n"}, {"SecretBinary": "AAAA"}])
def test_a_secret_without_passwords_is_a_misconfiguration(
    client: Any, wire: Wire, answer: dict[str, str]
) -> None:
    wire.answer(answer)

    with pytest.raises(MisconfiguredError, match="pdf holds no password"):
        read_passwords(client, "pdf")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ResourceNotFoundException", "name or ARN in CIS_PDF_PASSWORDS_SECRET"),
        ("InvalidRequestException", "name or ARN in CIS_PDF_PASSWORDS_SECRET"),
        ("AccessDeniedException", "secretsmanager:GetSecretValue"),
        ("DecryptionFailure", "kms:Decrypt"),
    ],
)
def test_an_error_of_the_service_comes_with_advice(client: Any, wire: Wire, code: str, advice: str) -> None:
    wire.error(code)

    with pytest.raises(MisconfiguredError, match=advice):
        read_passwords(client, "pdf")


def test_an_unavailable_service_is_no_misconfiguration(client: Any, wire: Wire) -> None:
    wire.breaks(EndpointConnectionError(endpoint_url="http://127.0.0.1"))

    with pytest.raises(UnavailableError):
        read_passwords(client, "pdf")
