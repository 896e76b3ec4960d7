"""BedrockServer: the Bedrock runtime on localhost, with InvokeModel for the Titan embedding models.

Protocol and limits are those of the real service; vectors come from `content_vectors`. More paths
script faults, report calls and say that it serves: POST /control (fields of `Script`), GET /control/stats,
GET /health.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field

from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.embedded.http_server import LocalHttpServer, Request, Response

_EXCEPTIONS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_THROTTLED = "Too many requests, please wait before trying again."


class Script(BaseModel):
    """The faults to produce. `rate_per_s` None: no rate limit.

    `status` is the status of failing calls, `kind` their exception (empty: the usual one of the status),
    `message` what they say (empty: that the failure is scripted). Inputs that contain `refused_text` are
    invalid. `down` closes connections without a response; `without_embedding_next` calls get 200 with a null
    embedding and a message, as from the image model on an internal error.
    """

    model_config = ConfigDict(extra="forbid")

    throttle_next: int = Field(default=0, ge=0)
    fail_next: int = Field(default=0, ge=0)
    without_embedding_next: int = Field(default=0, ge=0)
    status: int = Field(default=503, ge=400, le=599)
    kind: str = Field(default="", pattern="^[A-Za-z]*$")
    message: str = ""
    refused_text: str = ""
    latency_s: float = Field(default=0.0, ge=0)
    down: bool = False
    rate_per_s: int | None = Field(default=None, ge=1)


class BedrockServer:
    """Context manager, or `start` and `stop`; port 0 picks a free one. `clock` is monotonic seconds."""

    def __init__(self, *, port: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = LocalHttpServer(self._answer, port=port)
        self._clock = clock
        self._lock = threading.Lock()
        self._script = Script()
        self._served: deque[float] = deque()
        self._calls: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """Address for AWS_ENDPOINT_URL_BEDROCK_RUNTIME."""
        return self._http.url

    def start(self) -> None:
        """Serve until `stop`."""
        self._http.start()

    def stop(self) -> None:
        """Close the port and end delayed responses."""
        self._http.stop()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    def control(self, changes: Mapping[str, object]) -> None:
        """Change the given fields of the script; the others stay. Raises ValueError for an invalid one."""
        with self._lock:
            self._script = Script.model_validate({**self._script.model_dump(), **changes})

    def stats(self) -> dict[str, object]:
        """Calls by model (with any outcome), and how many were throttled, failed or invalid."""
        with self._lock:
            counts = {name: self._counts[name] for name in ("throttled", "failed", "invalid")}
            return {"calls": dict(self._calls), **counts}

    def _answer(self, request: Request) -> Response | None:
        match (request.method, request.path.strip("/").split("/")):
            case ("POST", ["control"]):
                return self._control(request.body)
            case ("GET", ["control", "stats"]):
                return Response(body=json.dumps(self.stats()).encode())
            case ("GET" | "HEAD", ["health"]):
                return self._health()
            case ("POST", ["model", model, "invoke"]):
                return self._invoke(unquote(model), request.body)
        return _error(404, f"No operation {request.method} {request.path}", kind="UnknownOperationException")

    def _health(self) -> Response | None:
        with self._lock:
            is_down = self._script.down
        return None if is_down else Response(body=b'{"status": "ok"}')

    def _control(self, body: bytes) -> Response:
        try:
            changes = json.loads(body)
            self.control(changes)
        except (ValueError, TypeError) as error:
            return _error(400, f"Invalid script: {error}")
        return Response(body=b"{}")

    def _invoke(self, model: str, body: bytes) -> Response | None:
        with self._lock:
            self._calls[model] += 1
            latency_s = self._script.latency_s
        if latency_s:
            self._http.pause(latency_s)
        # After the delay, so that a script changed in the meantime applies.
        with self._lock:
            script = self._script
            fault = self._next_fault()
        if fault == "down":
            return None
        if fault == "throttled":
            return _error(429, _THROTTLED)
        if fault == "failed":
            message = script.message or f"Scripted failure {script.status} of {model}."
            return _error(script.status, message, kind=script.kind)
        if script.refused_text and script.refused_text.encode() in body:
            return self._refuse("Malformed input request: it contains a refused text.")
        return self._embed(model, body, withhold=fault == "without_embedding")

    def _next_fault(self) -> str:
        """Consume and count the fault of this call; its name, "" for none. The caller holds the lock."""
        script = self._script
        if script.down:
            fault = "down"
        elif script.throttle_next:
            script.throttle_next -= 1
            fault = "throttled"
        elif script.fail_next:
            script.fail_next -= 1
            fault = "failed"
        elif self._is_over_rate(script.rate_per_s):
            fault = "throttled"
        elif script.without_embedding_next:
            script.without_embedding_next -= 1
            fault = "without_embedding"
        else:
            return ""
        self._counts["throttled" if fault == "throttled" else "failed"] += 1
        return fault

    def _is_over_rate(self, rate_per_s: int | None) -> bool:
        if rate_per_s is None:
            return False
        now = self._clock()
        while self._served and self._served[0] <= now - 1.0:
            self._served.popleft()
        if len(self._served) >= rate_per_s:
            return True
        self._served.append(now)
        return False

    def _embed(self, model: str, body: bytes, *, withhold: bool) -> Response:
        # Only here: numpy and a library for pictures, which most runs need no vector of.
        from worker.embedded import titan_models  # noqa: PLC0415

        try:
            result = titan_models.invoke(model, body)
        except titan_models.UnknownModelError as error:
            return _error(404, str(error))
        except titan_models.InvalidRequestError as error:
            return self._refuse(str(error))
        if withhold:
            result = {**result, "embedding": None, "message": "The embedding could not be generated."}
        tokens = {"X-Amzn-Bedrock-Input-Token-Count": str(result["inputTextTokenCount"])}
        return Response(body=json.dumps(result).encode(), headers={**_request_id(), **tokens})

    def _refuse(self, message: str) -> Response:
        with self._lock:
            self._counts["invalid"] += 1
        return _error(400, message)


def _error(status: int, message: str, *, kind: str = "") -> Response:
    name = kind or _EXCEPTIONS.get(status, "InternalServerException")
    headers = {
        **_request_id(),
        "x-amzn-ErrorType": f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/",
    }
    return Response(status=status, body=json.dumps({"message": message}).encode(), headers=headers)


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}
