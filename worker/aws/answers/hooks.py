"""Hooks on every call to AWS: credentials are renewed when refused, and the monitor hears how calls end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import botocore.session
import structlog
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from worker.aws.translation import translate, translate_errors
from worker.errors import ServiceRefusedError, ThrottledError, UnavailableError, WorkerError
from worker.resilience.error_classification import CREDENTIAL_CODES, MISSING_CODES, error_code
from worker.resilience.resource_monitor import ResourceMonitor

if TYPE_CHECKING:
    from worker.aws.clients import Clients

# Calls in flight together are refused together: the first one renews the credentials for all.
_SHORTEST_INTERVAL_S = 5.0
_REREAD_METHODS = ("shared-credentials-file", "config-file")
# A HEAD has no body that says why: 400 is what S3 answers to an expired token.
_HEADS = ("HeadObject", "HeadBucket")
_UNEXPLAINED = (400, 403)
# Without one of these nothing can be received, claimed, stored, committed or settled. Others (a query for
# pending rows, the cleaning of checkpoints) may be denied without harm.
_ESSENTIAL = frozenset(
    {
        *("ReceiveMessage", "SendMessage", "DeleteMessageBatch"),
        *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch"),
        *("GetItem", "UpdateItem", "GetObject", "PutObject"),
    }
)
_RESOURCE = "cis_resource"
_GIVEN = "cis_given"
_PARAMETERS = ("QueueUrl", "TableName", "Bucket")

_log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True, eq=False)
class CredentialRefresh:
    """Renews the credentials that the clients share; several threads may call it."""

    credentials: Credentials
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _refreshed_at: float | None = None
    _found_new: bool = False

    def refresh(self) -> bool:
        """Renew the credentials where they can be; whether newer ones were found in the last seconds."""
        with self._lock:
            now = self.clock()
            if self._refreshed_at is None or now - self._refreshed_at >= _SHORTEST_INTERVAL_S:
                self._refreshed_at = now
                self._found_new = self._renew()
            return self._found_new

    def _renew(self) -> bool:
        before = self.credentials.get_frozen_credentials()
        try:
            if isinstance(self.credentials, RefreshableCredentials):
                _expire_soon(self.credentials)
            elif self.credentials.method in _REREAD_METHODS:
                _reread(self.credentials)
            after: ReadOnlyCredentials = self.credentials.get_frozen_credentials()
        except (BotoCoreError, RuntimeError) as error:
            _log.warning("credentials_not_renewed", reason=str(error))
            return False
        if after != before:
            _log.info("credentials_renewed", method=self.credentials.method)
        return after != before


def _expire_soon(credentials: Any) -> None:
    """Have botocore renew them at the next use, and keep the old ones where that fails.

    It does so by itself only near their end, and there is no public way to say that they are refused.
    """
    window_s = (credentials._advisory_refresh_timeout + credentials._mandatory_refresh_timeout) / 2
    soon = credentials._time_fetcher() + timedelta(seconds=window_s)
    if credentials._expiry_time is not None:
        credentials._expiry_time = min(credentials._expiry_time, soon)


def _reread(credentials: Credentials) -> None:
    """Read the credentials file once more: botocore reads it at the start only."""
    found = botocore.session.Session().get_credentials()
    if found is not None:
        credentials.access_key, credentials.secret_key = found.access_key, found.secret_key
        credentials.token = found.token


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerHooks:
    """What is done at the answers of AWS. `resources` names each own resource by its URL, table or bucket."""

    monitor: ResourceMonitor
    resources: Mapping[str, str]
    refresh: CredentialRefresh | None = None

    def register(self, clients: Clients) -> None:
        """Hook into the calls of all clients."""
        for client in (clients.sqs, clients.sqs_poll, clients.s3, clients.dynamodb, clients.bedrock):
            events: Any = client.meta.events
            events.register("before-parameter-build", self._name)
            events.register("needs-retry", self._retry)
            events.register("after-call", self._report)
            events.register("after-call-error", self._report_error)

    def _name(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        given = next((params[name] for name in _PARAMETERS if name in params), None)
        context[_RESOURCE] = self.resources.get(given) if isinstance(given, str) else None
        context[_GIVEN] = given

    def _retry(self, response: Any, attempts: int, **_: object) -> float | None:
        """Repeat a call at once, signed anew, when its credentials were refused and newer ones are found."""
        if response is None or attempts > 1 or self.refresh is None:
            return None
        code = response[1].get("Error", {}).get("Code", "")
        return 0.0 if code in CREDENTIAL_CODES and self.refresh.refresh() else None

    def _report(
        self, http_response: Any, parsed: Any, model: Any, context: Mapping[str, Any], **_: object
    ) -> None:
        status = http_response.status_code
        if self.refresh is not None and model.name in _HEADS and status in _UNEXPLAINED:
            self.refresh.refresh()
        resource = context.get(_RESOURCE)
        if resource is None or model.name not in _ESSENTIAL:
            return
        if status < 300:
            self.monitor.on_success(resource, model.name)
            return
        error = ClientError(parsed, model.name)
        ours = translate(error, what=_what(context, model.name))
        if isinstance(ours, ServiceRefusedError | UnavailableError):
            is_missing = error_code(error) in MISSING_CODES
            self.monitor.on_error(resource, model.name, ours, is_missing=is_missing)
        elif not isinstance(ours, ThrottledError):
            # Refused for what it says, and not for who asks: a condition, a key that does not exist.
            self.monitor.on_success(resource, model.name)

    def _report_error(
        self, exception: Exception, context: Mapping[str, Any], event_name: str, **_: object
    ) -> None:
        resource, operation = context.get(_RESOURCE), event_name.rpartition(".")[2]
        if resource is None or operation not in _ESSENTIAL:
            return
        try:
            with translate_errors(_what(context, operation)):
                raise exception
        except (ServiceRefusedError, UnavailableError) as ours:
            self.monitor.on_error(resource, operation, ours)
        except (WorkerError, type(exception)):
            return  # it says nothing about the resource, and the call itself raises it


def _what(context: Mapping[str, Any], operation: str) -> str:
    return f"call {operation} on the {context[_RESOURCE]} {context[_GIVEN]}"
