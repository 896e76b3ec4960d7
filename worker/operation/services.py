"""Checks of Bedrock, of the secret with PDF passwords, and of this machine's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from worker.aws.bedrock_client import BedrockClient, CallPolicy
from worker.aws.clients import Clients, secrets_client, target_client
from worker.aws.inspection import server_time
from worker.aws.messages.event_publisher import EventPublisher
from worker.aws.messages.event_target import EventTarget
from worker.aws.secret_store import read_passwords
from worker.config import Settings
from worker.errors import ModelUnavailableError, ServiceRefusedError, UnavailableError
from worker.operation.finding import Check, Finding, Level, failure, ok, warning
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler

_CLOCK = "clock"
_EVENTS = "events target"
_SECRET = "PDF passwords"  # noqa: S105 - what the line is about
_SKEW_WARNING_S = 60.0
_SKEW_FAILURE_S = 240.0
"""AWS refuses signatures that are five minutes old (IAM user guide, "AWS Signature Version 4")."""
_DATE_PRECISION_S = 2.0
_LATER = (
    "Until then documents are found by their text; their vectors stay pending, and are filled in within 15 "
    "minutes after the cause is gone."
)
_EVENTS_ADVICE = (
    "EventBridge takes events for a bus that does not exist, and drops them. To look, the role needs "
    "events:DescribeEventBus, sns:GetTopicAttributes or sqs:GetQueueAttributes; to send, no more than in "
    "docs/events.md."
)
_CLOCK_ADVICE = "Start this machine's time service: `timedatectl set-ntp true`, or chrony."


def service_checks(settings: Settings, clients: Clients) -> list[Check]:
    """One check for each model that is set, the secret where there is one, and the clock."""
    return [
        *_model_checks(settings, clients),
        *_secret_checks(settings),
        *_event_checks(settings),
        Check(
            subject=_CLOCK,
            run=lambda: clock_findings(server_time(clients.s3), datetime.now(UTC)),
            advice=_CLOCK_ADVICE,
            worst=Level.WARNING,
        ),
    ]


def _model_checks(settings: Settings, clients: Clients) -> list[Check]:
    models = {"CIS_IMAGE_MODEL": settings.image_model, "CIS_TEXT_MODEL": settings.text_model}
    if not any(models.values()):
        return [Check(subject="bedrock", run=lambda: [ok("bedrock", "off: no model is set")], advice="")]
    return [
        Check(
            subject=f"model {model}",
            run=partial(model_findings, settings, clients, model),
            advice="Where it is throttled, request a higher quota in Service Quotas; otherwise enable the "
            "model in Bedrock for this account and region and grant the role bedrock:InvokeModel on it, "
            f"or set {variable} to another model, or CIS_BEDROCK_REGION to a region that has this one. "
            f"{_LATER}",
            unavailable_advice="Make sure that the Bedrock runtime is reachable from here "
            "(CIS_BEDROCK_REGION, VPC endpoint), the model enabled for this account and region, and "
            f"bedrock:InvokeModel granted to the role. {_LATER}",
            worst=Level.WARNING,
        )
        for variable, model in models.items()
        if model
    ]


def _event_checks(settings: Settings) -> list[Check]:
    if not settings.events_target:
        return []
    return [
        Check(
            subject=_EVENTS,
            run=partial(event_findings, settings),
            advice=f"Set CIS_EVENTS_TARGET to a target that exists, in its own region. {_EVENTS_ADVICE}",
            worst=Level.WARNING,
        )
    ]


def event_findings(settings: Settings) -> Sequence[Finding]:
    """Whether the target of events exists. Raises WorkerError for a setting that names none, or an outage."""
    target = EventTarget.parse(settings.events_target)
    client = target_client(target.kind.value, region=target.region or settings.aws_region)
    try:
        EventPublisher(client=client, target=target).probe()
    except ServiceRefusedError as error:
        return [warning(_EVENTS, str(error), _EVENTS_ADVICE)]
    return [ok(_EVENTS, f"{target.kind.value} {target.name} is there")]


def _secret_checks(settings: Settings) -> list[Check]:
    if not settings.pdf_passwords_secret:
        return []
    return [
        Check(
            subject=_SECRET,
            run=lambda: secret_findings(settings),
            advice="The worker does not start without it; unset CIS_PDF_PASSWORDS_SECRET to run without it.",
        )
    ]


def secret_findings(settings: Settings) -> Sequence[Finding]:
    """How many passwords the secret holds. Raises WorkerError when it cannot be read."""
    passwords = read_passwords(secrets_client(region=settings.aws_region), settings.pdf_passwords_secret)
    return [ok(_SECRET, f"{len(passwords)} in the secret")]


def model_findings(settings: Settings, clients: Clients, model: str) -> Sequence[Finding]:
    """One tiny embedding. Raises WorkerError when the model does not answer with a vector."""
    image = model == settings.image_model
    bedrock = BedrockClient(
        clients.bedrock,
        policy=_single_call(),
        image_model=model if image else "",
        text_model="" if image else model,
    )
    subject = f"model {model}"
    try:
        region = clients.bedrock.meta.region_name
        return [ok(subject, f"answers with {bedrock.probe(model)} numbers, in {region}")]
    except ModelUnavailableError as error:
        # The worker's own error for its documents: what is reported here is what happens there.
        return [warning(subject, error.refusal, f"{error.advice} {_LATER}")]


def clock_findings(server: datetime | None, here: datetime) -> Sequence[Finding]:
    """How far this machine's clock is from that of AWS (both aware)."""
    if server is None:
        return [ok(_CLOCK, "not compared: S3's answer has no date")]
    skew_s = (here - server).total_seconds()
    message = f"This machine is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} AWS"
    if abs(skew_s) >= _SKEW_FAILURE_S:
        return [failure(_CLOCK, f"{message}: requests are refused.", _CLOCK_ADVICE)]
    if abs(skew_s) >= _SKEW_WARNING_S:
        return [warning(_CLOCK, f"{message}; at five minutes requests are refused.", _CLOCK_ADVICE)]
    return [ok(_CLOCK, "agrees with AWS" if abs(skew_s) < _DATE_PRECISION_S else message)]


def _single_call() -> CallPolicy:
    return CallPolicy(
        limiter=AdaptiveRateLimiter(1.0, 1.0, 1.0),
        breaker=CircuitBreaker(expected_exception=UnavailableError, name="bedrock"),
        retry=lambda _: RetryHandler(max_retries=0),
    )
