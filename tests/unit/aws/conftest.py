"""boto3 clients whose responses are scripted at botocore's before-send hook.

Serialisation, signing and parsing are real; only the network is replaced.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from urllib3.response import HTTPResponse

if TYPE_CHECKING:
    from botocore.client import BaseClient

Headers = dict[str, str]


class Wire:
    """The server's side: scripted responses in order, and the requests received."""

    def __init__(self) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self._answers: list[tuple[int, bytes, Headers] | Exception] = []

    def answer(self, content: object, *, status: int = 200, headers: Headers | None = None) -> None:
        """Queue a response: bytes unchanged, anything else as JSON."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self._answers.append((status, data, headers or {}))

    def error(self, code: str, *, status: int = 400, headers: Headers | None = None) -> None:
        """Queue an error in the form of the JSON protocols."""
        spelled = {"x-amzn-errortype": code, **(headers or {})}
        self.answer({"__type": code, "message": "the reason"}, status=status, headers=spelled)

    def breaks(self, error: Exception) -> None:
        """Queue a failure of the connection."""
        self._answers.append(error)

    def sent(self, index: int = -1) -> Any:
        """The JSON body of a request."""
        return json.loads(cast("bytes", self.requests[index].body))

    def play(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, data, headers = answer
        raw = HTTPResponse(io.BytesIO(data), headers=headers, status=status, preload_content=False)
        return AWSResponse(
            request.url, status, cast("Any", {"content-length": str(len(data)), **headers}), raw
        )


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def connect(wire: Wire) -> Callable[[str], BaseClient]:
    """Make a client of a service, by boto3's name, that talks to `wire` and retries nothing."""

    def make(service: Any) -> BaseClient:
        client: BaseClient = boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )
        client.meta.events.register_first("before-send", cast("Any", wire.play))
        return client

    return make
