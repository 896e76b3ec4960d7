"""Passwords for PDFs kept in AWS Secrets Manager, read once when the worker starts.

AWS: GetSecretValue; the role needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt where it is
encrypted with a key of one's own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from worker.aws.translation import misconfigured, translated
from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_VARIABLE = "CIS_PDF_PASSWORDS_SECRET"
_MISSING = misconfigured(f"Check the name or ARN in {_VARIABLE} and the region, or leave the variable unset.")
_DENIED = misconfigured(
    f"Give the role secretsmanager:GetSecretValue on the secret named in {_VARIABLE} "
    "(and kms:Decrypt on its key), or leave the variable unset."
)
_ERRORS = {
    "ResourceNotFoundException": _MISSING,
    "InvalidRequestException": _MISSING,  # it is being deleted
    "AccessDeniedException": _DENIED,
    "DecryptionFailure": _DENIED,
}


def read_passwords(client: SecretsManagerClient, secret: str) -> tuple[str, ...]:
    """The passwords in a secret, in their order.

    The secret is a JSON list of strings, a JSON object whose values they are (as the console makes it), or
    plain text with one a line. Raises MisconfiguredError when it cannot be read or holds none,
    UnavailableError when the service is away.
    """
    with translated(f"read the secret {secret}", _ERRORS):
        answer = client.get_secret_value(SecretId=secret)
    passwords = _listed(answer.get("SecretString", ""))
    if not passwords:
        raise MisconfiguredError(
            f"The secret {secret} holds no password. Put a JSON list of strings into it, or one password "
            f"a line, or leave {_VARIABLE} unset."
        )
    return passwords


def _listed(text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except ValueError:
        value = text.splitlines()
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        value = [text]  # one word that happens to be JSON, such as 1234
    return tuple(str(password) for password in value if isinstance(password, str | int) and str(password))
