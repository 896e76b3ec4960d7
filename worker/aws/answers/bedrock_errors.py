"""What it means when Bedrock refuses a call: the input, the moment, or the model until somebody acts.

| answer | means | error |
| --- | --- | --- |
| throttled, not "per day" | too fast | ThrottledError: again in seconds, and slower |
| a 5xx, a time-out, no connection | an outage | UnavailableError: again in seconds |
| ModelErrorException | this call failed | BedrockError: again in seconds |
| a code or text of the tables below | id, region, access or quota | ModelUnavailableError: the model pauses |
| wrong or expired credentials | other services stop the worker, if need be | ModelUnavailableError |
| any other refusal | perhaps the input | BedrockError, not to be retried; `Embedder` probes the model |

Bedrock uses ValidationException for the input and for the model alike, hence the table of its texts. It need
not be complete: other refusals become final only after the model has accepted a probe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from botocore.exceptions import BotoCoreError, ClientError

from worker.aws.translation import describe, translate
from worker.errors import BedrockError, ModelUnavailableError, WorkerError
from worker.resilience.error_classification import ErrorClass, classify, error_code, reset_after_s
from worker.resilience.retry_handler import LONGEST_RESET_S

_MODEL = (
    "Check CIS_IMAGE_MODEL and CIS_TEXT_MODEL, and that the region of CIS_BEDROCK_REGION has the model and "
    "has not retired it."
)
_THROUGHPUT = (
    "This region does not offer the model on demand: set CIS_BEDROCK_REGION to one that does, or "
    "CIS_IMAGE_MODEL and CIS_TEXT_MODEL to other models."
)
_ACCESS = (
    "Enable the model in Bedrock for this account and region, and grant the role bedrock:InvokeModel on it."
)
_QUOTA = (
    "Request a higher quota for the model in Service Quotas (new accounts start with little), or wait until "
    "it resets."
)
_NOT_READY = "Wait until Bedrock has loaded the model; nothing need be done."
_CREDENTIALS = "Check the credentials of this machine's role, its clock and AWS_REGION."

_BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "403",
                "AccessDenied",
                "AccessDeniedException",
                "FTUFormNotFilled",
                "MPAgreementBeingCreated",
                "NotAuthorized",
                "OptInRequired",
                "SubscriptionRequiredException",
            ),
            _ACCESS,
        ),
        "ModelNotReadyException": _NOT_READY,
        "ResourceNotFoundException": _MODEL,
        "ServiceQuotaExceededException": _QUOTA,
    }
)
"""What an operator can do, by the code of a refusal that does not depend on the input."""

_BY_TEXT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (r"\bthroughput\b|inference profile", _THROUGHPUT),
        (r"model identifier|model version|marked by provider|support the model", _MODEL),
        (r"\b(in|this|your|the) (aws )?region\b", _MODEL),
        (r"not authorized|operation not allowed|access denied|have access to", _ACCESS),
        (r"your account|marketplace|subscription|use case details", _ACCESS),
        (r"\bquota\b|\bper day\b", _QUOTA),
    )
)
"""The same by the text of a ValidationException."""

_PER_DAY = re.compile(r"\bper day\b|\bdaily\b", re.IGNORECASE)
_refusal = partial(BedrockError, retry_allowed=False)


def translate_refusal(error: ClientError | BotoCoreError, *, model: str) -> WorkerError:
    """The error of a call to a model: ThrottledError, UnavailableError or BedrockError, never another."""
    what = f"embed with {model}"
    message = describe(error, what=what)
    advice = _advice(error)
    if advice is not None:
        return ModelUnavailableError(message, advice=advice)
    if isinstance(error, ClientError) and error_code(error) == "ModelErrorException":
        return BedrockError(message)
    if classify(error) is ErrorClass.PERMANENT:
        return _refusal(message)
    return translate(error, what=what)


def _advice(error: ClientError | BotoCoreError) -> str | None:
    """What an operator can do about a refusal of the model; None when it is none."""
    if isinstance(error, ClientError):
        code, text = error_code(error), str(error.response.get("Error", {}).get("Message", ""))
        if code in _BY_CODE:
            return _BY_CODE[code]
        if code == "ValidationException":
            return next((advice for pattern, advice in _BY_TEXT if pattern.search(text)), None)
        if classify(error) is ErrorClass.THROTTLING:
            is_lasting = _PER_DAY.search(text) or (reset_after_s(error) or 0.0) > LONGEST_RESET_S
            return _QUOTA if is_lasting else None
    return _CREDENTIALS if classify(error) is ErrorClass.MISCONFIGURED else None
