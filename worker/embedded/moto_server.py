"""moto on a free port of 127.0.0.1, run by `MotoProcess` as `python -m worker.embedded.moto_server`.

It writes its address as one line, and ends at the end of standard input, that is, with its parent.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import FakeKey, S3Backend
from werkzeug.serving import make_server

_Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def main() -> None:
    """Serve until standard input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    announce_no_empty_tags()
    application = atomic_dynamodb(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # the parent reads one line only, and a full pipe would block the server
    sys.stdin.read()


def announce_no_empty_tags() -> None:
    """Let an upload without tags announce none: moto sends an event of tagging with each, S3 does not."""
    put_tags = S3Backend.put_object_tagging

    def put(backend: S3Backend, key: FakeKey, tags: dict[str, str] | None) -> FakeKey:
        if tags:
            return put_tags(backend, key, tags)
        backend.tagger.delete_all_tags_for_resource(key.arn)
        return key

    S3Backend.put_object_tagging = put  # type: ignore[method-assign, assignment]


def atomic_dynamodb(application: _Application) -> _Application:
    """Serialise DynamoDB requests: moto checks a condition and writes without a lock.

    Otherwise two claims of one file could both succeed. SQS stays parallel, as a long poll takes seconds.
    """
    lock = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return application(environ, start_response)
        with lock:
            return application(environ, start_response)

    return serve


if __name__ == "__main__":
    main()
