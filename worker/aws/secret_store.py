"""PDF passwords from AWS Secrets Manager, read once when the worker starts.

The role needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt where it is encrypted with a
customer-managed key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from worker.aws.translation import misconfigured, translate_errors
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

    The secret is a JSON list of strings, a JSON object whose values are the passwords (as the console makes
    it), or plain text with one per line. Raises MisconfiguredError when it cannot be read or holds none,
    UnavailableError when the service is unavailable.
    """
    with translate_errors(f"read the secret {secret}", _ERRORS):
        answer = client.get_secret_value(SecretId=secret)
    passwords = _parse_passwords(answer.get("SecretString", ""))
    if not passwords:
        raise MisconfiguredError(
            f"The secret {secret} holds no password. Put a JSON list of strings into it, or one password "
            f"per line, or leave {_VARIABLE} unset."
        )
    return passwords


def _parse_passwords(text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except ValueError:
        value = text.splitlines()
    # The console's form for key/value secrets; the keys are of no use here.
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        value = [text]  # a password that happens to be JSON, such as 1234
    return tuple(str(password) for password in value if isinstance(password, str | int) and str(password))
