"""All checks, in parallel and with one deadline: a service that hangs does not delay the other findings."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import partial

import structlog

from worker.aws.clients import Clients, make_clients
from worker.aws.inspection import read_queue
from worker.config import Settings
from worker.errors import WorkerError
from worker.operation.finding import Check, Finding, Level, failure, ok
from worker.operation.group_check import group_checks
from worker.operation.index_check import index_checks
from worker.operation.machine import machine_checks
from worker.operation.queues import queue_checks
from worker.operation.retention import retention_checks
from worker.operation.services import service_checks
from worker.operation.stores import store_checks

_log = structlog.get_logger(__name__)

_AWS_ADVICE = "Set region and credentials; nothing on AWS can be checked without them."


def all_checks(settings: Settings) -> list[Check]:
    """Every check for these settings; without region or credentials, those of AWS become one."""
    try:
        clients = make_clients(region=settings.aws_region, bedrock_region=settings.bedrock_region)
        aws = aws_checks(settings, clients)
    except WorkerError as error:
        missing = failure("aws", str(error), _AWS_ADVICE)
        aws = [Check(subject="aws", run=lambda: [missing], advice=_AWS_ADVICE)]
    return [*machine_checks(settings), *index_checks(settings), *aws]


def aws_checks(settings: Settings, clients: Clients) -> list[Check]:
    """The checks that need AWS."""
    meta = clients.sqs.meta
    endpoint = ok("aws", f"region {meta.region_name}, SQS at {meta.endpoint_url}")
    return [
        Check(subject="aws", run=lambda: [endpoint], advice=_AWS_ADVICE),
        *queue_checks(settings, partial(read_queue, clients.sqs)),
        *store_checks(settings, clients),
        *retention_checks(settings, clients),
        *service_checks(settings, clients),
        *group_checks(settings),
    ]


def run_checks(checks: Sequence[Check], *, deadline_s: float) -> list[Finding]:
    """The findings in the order of the checks; a check that takes longer than `deadline_s` is one itself."""
    findings: dict[int, Sequence[Finding]] = {}
    threads = [
        # A daemon thread: one that hangs must not keep the process alive.
        threading.Thread(target=_run, args=(check, number, findings), daemon=True)
        for number, check in enumerate(checks)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + deadline_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [
        finding
        for number, check in enumerate(checks)
        for finding in (findings[number] if number in findings else [_deadline_finding(check, deadline_s)])
    ]


def _run(check: Check, number: int, findings: dict[int, Sequence[Finding]]) -> None:
    try:
        findings[number] = check.run()
    except WorkerError as error:
        findings[number] = [check.error_finding(error)]
    except Exception as error:  # noqa: BLE001 - the top of a thread
        _log.debug("check_failed", subject=check.subject, exc_info=True)
        findings[number] = [
            failure(
                check.subject,
                f"The check itself failed: {type(error).__name__}: {error}.",
                "Report this, with the output of `cis-worker config --json`.",
            )
        ]


def _deadline_finding(check: Check, deadline_s: float) -> Finding:
    level = check.worst if check.worst is not Level.OK else Level.FAILURE
    return Finding(
        level=level,
        subject=check.subject,
        message=f"No answer within {deadline_s:g} s.",
        advice=check.unavailable_advice,
    )
