"""AutoScalingServer: Auto Scaling on localhost, with lifecycle actions, protection, scripted faults.

It speaks the query protocol: form parameters in, XML out. One group has one instance; `control` puts that
instance into a lifecycle action, or takes it out of service. Two more paths script it and report calls:
POST /control (fields of `Changes`) and GET /control/stats.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Annotated, Literal
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict, Field

from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.embedded.http_server import LocalHttpServer, Request, Response

GROUP = "cis-workers"
HOOK = "cis-drain"
INSTANCE_ID = "i-0123456789abcdef0"

_NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"
_HANG_S = 60.0
_MAX_IDS = 50

Fault = (
    Annotated[int, Field(ge=400, le=599)]
    | Literal["lose_request", "lose_answer", "hang", "throttle", "deny", "malformed"]
)
"""A status; a connection closed before or after the effect; no answer; a refusal; an answer cut short."""

_ERRORS = {
    "throttle": (400, "Throttling", "Rate exceeded"),
    "deny": (403, "AccessDenied", "User is not authorized to perform this action on the group"),
}


class Changes(BaseModel):
    """The fields of a control request; those it omits stay.

    `waiting` puts the instance into a lifecycle action of the hook, which ends by itself `timeout_s` after
    its last heartbeat. `faults` are those of the next calls, `faults_of` only of the operations it names.
    """

    model_config = ConfigDict(extra="forbid")

    waiting: bool = False
    timeout_s: float = Field(default=3_600.0, gt=0)
    in_service: bool = True
    faults: list[Fault] = Field(default_factory=list)
    faults_of: dict[str, list[Fault]] = Field(default_factory=dict)


class _RefusedError(Exception):
    """A ValidationError of the service."""


class AutoScalingServer:
    """Context manager, or `start` and `stop`; port 0 picks a free one. `clock` is monotonic seconds."""

    def __init__(
        self,
        *,
        port: int = 0,
        group: str = GROUP,
        hook: str = HOOK,
        instance_id: str = INSTANCE_ID,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = LocalHttpServer(self._answer, port=port)
        self._group, self._hook, self._instance_id = group, hook, instance_id
        self._clock = clock
        self._lock = threading.Lock()
        self._ends_at: float | None = None
        self._timeout_s = 3_600.0
        self._in_service = True
        self._is_protected = False
        self._faults: deque[Fault] = deque()
        self._faults_of: dict[str, deque[Fault]] = {}
        self._calls: Counter[str] = Counter()
        self._effects: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """Address for AWS_ENDPOINT_URL_AUTO_SCALING."""
        return self._http.url

    def start(self) -> None:
        """Serve until `stop`."""
        self._http.start()

    def stop(self) -> None:
        """Close the port and end hanging requests."""
        self._http.stop()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    def control(self, changes: Mapping[str, object]) -> None:
        """Apply the given fields of `Changes`. Raises ValueError for an invalid one."""
        request = Changes.model_validate(changes)
        given = request.model_fields_set
        with self._lock:
            if "timeout_s" in given:
                self._timeout_s = request.timeout_s
            if "waiting" in given:
                self._ends_at = self._clock() + self._timeout_s if request.waiting else None
            if "in_service" in given:
                self._in_service = request.in_service
            if "faults" in given:
                self._faults = deque(request.faults)
            if "faults_of" in given:
                self._faults_of = {name: deque(faults) for name, faults in request.faults_of.items()}

    def stats(self) -> dict[str, object]:
        """Calls by operation with any outcome, those that had an effect, and the state of the instance."""
        with self._lock:
            return {
                "calls": dict(self._calls),
                "effects": dict(self._effects),
                "waiting": self._is_waiting(),
                "is_protected": self._is_protected,
            }

    def _answer(self, request: Request) -> Response | None:
        match (request.method, request.path):
            case ("POST", "/control"):
                return self._control(request.body)
            case ("GET", "/control/stats"):
                return Response(body=json.dumps(self.stats()).encode())
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        action = form.get("Action", "")
        with self._lock:
            self._calls[action] += 1
            fault = self._next_fault(action)
        if fault == "hang":
            self._http.pause(_HANG_S)
        if fault in ("hang", "lose_request"):
            return None
        if isinstance(fault, int):
            return _error(fault, "InternalFailure", "scripted")
        if fault in _ERRORS:
            return _error(*_ERRORS[str(fault)])
        try:
            with self._lock:
                self._apply(action, form)
        except _RefusedError as error:
            return _error(400, "ValidationError", str(error))
        if fault == "lose_answer":
            return None
        return _malformed() if fault == "malformed" else _result(action)

    def _control(self, body: bytes) -> Response:
        try:
            self.control(json.loads(body))
        except (ValueError, TypeError) as error:
            return Response(status=400, body=str(error).encode(), content_type="text/plain")
        return Response(body=b"{}")

    def _next_fault(self, action: str) -> Fault | None:
        of_action = self._faults_of.get(action)
        if of_action:
            return of_action.popleft()
        return self._faults.popleft() if self._faults else None

    def _apply(self, action: str, form: Mapping[str, str]) -> None:
        """Do what a call says, as the real service checks it. The caller holds the lock."""
        if form.get("AutoScalingGroupName") != self._group:
            name = form.get("AutoScalingGroupName", "")
            raise _RefusedError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        match action:
            case "CompleteLifecycleAction":
                self._require_action(form)
                if form.get("LifecycleActionResult") not in ("CONTINUE", "ABANDON"):
                    raise _RefusedError("LifecycleActionResult must be CONTINUE or ABANDON")
                self._ends_at = None
            case "RecordLifecycleActionHeartbeat":
                self._require_action(form)
                self._ends_at = self._clock() + self._timeout_s
            case "SetInstanceProtection":
                self._protect(form)
            case _:
                raise _RefusedError(f"Could not find operation {action} for version 2011-01-01")
        self._effects[action] += 1

    def _is_waiting(self) -> bool:
        return self._ends_at is not None and self._clock() < self._ends_at

    def _require_action(self, form: Mapping[str, str]) -> None:
        instance = form.get("InstanceId", "")
        is_known = instance == self._instance_id and form.get("LifecycleHookName") == self._hook
        if not (is_known and self._is_waiting()):
            raise _RefusedError(f"No active Lifecycle Action found with instance ID {instance}")

    def _protect(self, form: Mapping[str, str]) -> None:
        ids = [value for name, value in form.items() if name.startswith("InstanceIds.member.")]
        if len(ids) > _MAX_IDS:
            raise _RefusedError(f"Member must have length less than or equal to {_MAX_IDS}")
        for instance in ids:
            if instance != self._instance_id:
                raise _RefusedError(
                    f"The instance {instance} is not part of Auto Scaling group {self._group}."
                )
        if not self._in_service:
            raise _RefusedError(f"The instance {ids[0]} is not in InService or EnteringStandby or Standby.")
        self._is_protected = form.get("ProtectedFromScaleIn") == "true"


def _result(action: str) -> Response:
    return _xml(
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result/><ResponseMetadata>'
        f"<RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{action}Response>"
    )


def _malformed() -> Response:
    return _xml(f'<CompleteLifecycleActionResponse xmlns="{_NAMESPACE}"><Compl')


def _error(status: int, code: str, message: str) -> Response:
    side = "Sender" if status < 500 else "Receiver"
    return _xml(
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{side}</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>",
        status=status,
    )


def _xml(text: str, *, status: int = 200) -> Response:
    return Response(status=status, body=text.encode(), content_type="text/xml")
