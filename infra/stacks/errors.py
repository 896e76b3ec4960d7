"""DeployError: what whoever deploys can do something about, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from botocore.parsers import ResponseParserError

from worker.aws.translation import describe
from worker.resilience.error_classification import CREDENTIAL_CODES, error_code

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")


class DeployError(Exception):
    """Something that stops a deployment; the message says what, and what to do."""


@contextmanager
def report_errors(what: str) -> Iterator[None]:
    """Turn errors of AWS into DeployError; `what` completes "Could not ..."."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise DeployError(f"{describe(error, what=what)}{_advice(error)}") from error
    except ResponseParserError as error:  # not of botocore's error tree
        raise DeployError(f"Could not {what}: the answer cannot be read; is a proxy in between?") from error


def _advice(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        if error_code(error) in CREDENTIAL_CODES:
            return " Renew the credentials (`aws sts get-caller-identity` shows which are used)."
        if error_code(error) in _DENIED:
            return " infra/README.md lists the rights that deploying needs."
    if isinstance(error, NoRegionError):
        return " Give --region, or set AWS_REGION."
    if isinstance(error, NoCredentialsError):
        return " Set AWS_PROFILE, or log in (`aws sts get-caller-identity` shows as whom)."
    return ""
