"""MetadataServer: the EC2 instance metadata service (IMDSv2) on localhost, with scripted notices and faults.

As on EC2: a token first (PUT /latest/api/token), 401 without a valid one, 404 for an absent notice. Two more
paths script it and report requests: POST /control (fields of `Changes`) and GET /control/stats.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.embedded.http_server import LocalHttpServer, Request, Response

_TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
_TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN_HEADER = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
_LONGEST_TTL_S = 21_600
_TAGS = "tags/instance/"
_HANG_S = 30.0
_INSTANCE_ID = "i-0123456789abcdef0"

Fault = Annotated[int, Field(ge=100, le=599)] | Literal["hang", "drop", "malformed"]
"""A status; no response for 30 s; a closed connection; or a response with truncated JSON."""


class InstanceAction(BaseModel):
    """A spot interruption notice: the action, and its time in seconds from now (may be negative)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["terminate", "stop", "hibernate"] = "terminate"
    in_s: float = 120.0


class Changes(BaseModel):
    """The fields of a control request; those it omits stay. `instance_action` null withdraws the notice.

    `tags` are those of the instance (none: the service shows no tags).
    `faults` are the responses to the next requests; with `token_blocked` the PUT for a token gets none,
    as in a container when the hop limit is 1.
    """

    model_config = ConfigDict(extra="forbid")

    clear: bool = False
    instance_action: InstanceAction | None = None
    rebalance: bool = False
    lifecycle_state: str = "InService"
    faults: list[Fault] = Field(default_factory=list)
    token_blocked: bool = False
    tags: dict[str, str] = Field(default_factory=dict)


def _now() -> datetime:
    return datetime.now(UTC)


class MetadataServer:
    """Context manager, or `start` and `stop`; port 0 picks a free one.

    `now` is the aware wall time of notices, `clock` the monotonic seconds for the expiry of tokens.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = LocalHttpServer(self._answer, port=port)
        self._now = now
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}
        self._requests: Counter[str] = Counter()
        self._faults: deque[Fault] = deque()
        self._token_blocked = False
        self._values: dict[str, str] = {}
        self._clear()

    @property
    def url(self) -> str:
        """Address for AWS_EC2_METADATA_SERVICE_ENDPOINT."""
        return self._http.url

    def start(self) -> None:
        """Serve until `stop`."""
        self._http.start()

    def stop(self) -> None:
        """Close the port and end hanging requests."""
        self._http.stop()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    def control(self, changes: Mapping[str, object]) -> None:
        """Apply the given fields of `Changes`, times from now on. Raises ValueError for an invalid one."""
        request = Changes.model_validate(changes)
        with self._lock:
            if request.clear:
                self._clear()
            for field in request.model_fields_set:
                self._apply(field, request)

    def stats(self) -> dict[str, object]:
        """Requests by path, with any response."""
        with self._lock:
            return {"requests": dict(self._requests)}

    def _clear(self) -> None:
        self._faults.clear()
        self._token_blocked = False
        self._values = {
            "instance-id": _INSTANCE_ID,
            "instance-life-cycle": "spot",
            "autoscaling/target-lifecycle-state": "InService",
        }

    def _apply(self, field: str, request: Changes) -> None:
        match field:
            case "instance_action":
                self._set("spot/instance-action", _notice(request.instance_action, self._now()))
            case "rebalance":
                notice = json.dumps({"noticeTime": _stamp(self._now())}) if request.rebalance else None
                self._set("events/recommendations/rebalance", notice)
            case "lifecycle_state":
                self._set("autoscaling/target-lifecycle-state", request.lifecycle_state)
            case "tags":
                shown = [name for name in self._values if name.startswith(_TAGS)]
                for name in shown:
                    del self._values[name]
                self._values |= {f"{_TAGS}{name}": value for name, value in request.tags.items()}
            case "faults":
                self._faults = deque(request.faults)
            case "token_blocked":
                self._token_blocked = request.token_blocked

    def _set(self, path: str, value: str | None) -> None:
        if value is None:
            self._values.pop(path, None)
        else:
            self._values[path] = value

    def _answer(self, request: Request) -> Response | None:
        if request.path == "/control" and request.method == "POST":
            return self._control(request.body)
        if request.path == "/control/stats":
            return _json(self.stats())
        with self._lock:
            self._requests[request.path] += 1
            fault = self._faults.popleft() if self._faults else None
            hidden = self._token_blocked and request.path == _TOKEN_PATH
        if hidden or fault == "hang":
            self._http.pause(_HANG_S)
            return None
        if fault is not None:
            return _fault_response(fault)
        if request.path == _TOKEN_PATH:
            return self._token(request)
        return self._value(request)

    def _control(self, body: bytes) -> Response:
        try:
            changes: JsonValue = json.loads(body)
            self.control(changes if isinstance(changes, dict) else {"changes": changes})
        except ValueError as error:
            return _text(f"Invalid control request: {error}", status=400)
        return _json({})

    def _token(self, request: Request) -> Response:
        if request.method != "PUT":
            return _text("", status=405)
        ttl = request.headers.get(_TTL_HEADER, "")
        if not (ttl.isdecimal() and 1 <= int(ttl) <= _LONGEST_TTL_S):
            return _text("", status=400)
        token = secrets.token_urlsafe(40)
        with self._lock:
            now = self._clock()
            # Expired tokens are dropped here, or a long run would collect them.
            self._tokens = {known: end for known, end in self._tokens.items() if end > now}
            self._tokens[token] = now + int(ttl)
        return _text(token, headers={_TTL_HEADER: ttl})

    def _value(self, request: Request) -> Response:
        with self._lock:
            expires = self._tokens.get(request.headers.get(_TOKEN_HEADER, ""))
            value = self._values.get(request.path.removeprefix("/latest/meta-data/"))
            now = self._clock()
        if expires is None or expires <= now:
            return _text("", status=401)
        if value is None or request.method != "GET":
            return _text("", status=404)
        return _text(value)


def _notice(action: InstanceAction | None, now: datetime) -> str | None:
    if action is None:
        return None
    return json.dumps({"action": action.action, "time": _stamp(now + timedelta(seconds=action.in_s))})


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fault_response(fault: Fault) -> Response | None:
    match fault:
        case int(status):
            return _text("", status=status)
        case "malformed":
            return _text('{"action": "termi')
        case _:
            return None


def _json(value: object) -> Response:
    return Response(body=json.dumps(value).encode())


def _text(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, body=text.encode(), content_type="text/plain", headers=headers or {})
