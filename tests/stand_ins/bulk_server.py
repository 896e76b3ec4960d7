"""An OpenSearch that takes every bulk request, and counts them with their documents."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field

from tests.stand_ins.missing_index import MISSING_INDEX
from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.embedded.http_server import LocalHttpServer, Request, Response


@dataclass(eq=False)
class BulkServer:
    """A context manager; `sizes` are the documents (entries of the files index) of each request."""

    delay_s: float = 0.0
    sizes: list[int] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._server = LocalHttpServer(self._answer)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def documents(self) -> int:
        return sum(self.sizes)

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    def _answer(self, request: Request) -> Response:
        if request.path.endswith("/_mapping"):
            return MISSING_INDEX
        if request.path != "/_bulk":
            with self._lock:
                self.others.append(f"{request.method} {request.path}")
            return Response(body=b"{}")
        actions = [json.loads(line)["index"] for line in request.body.splitlines()[::2]]
        with self._lock:
            self.sizes.append(sum(each["_index"].endswith("files") for each in actions))
        self._server.pause(self.delay_s)
        items = [{"index": {"_id": each["_id"], "status": 201}} for each in actions]
        return Response(body=json.dumps({"errors": False, "items": items}).encode())
