"""moto with a generated deployment, run by MotoProcess as `python -m bench.sweep.filled_server`.

POST /_fill with {"bucket", "table", "region", "count", "broken"} fills bucket and table inside the process:
over HTTP, 100,000 objects would take a quarter of an hour. GET /_listings answers the query strings of the
listings of that bucket since the last such call.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from bench.sweep.plan import CHANGED_AT, FENCE, PlannedFile, planned_files
from worker.embedded.moto_server import atomic_dynamodb
from worker.models.file import file_id

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def fill(bucket: str, table: str, region: str, *, count: int, broken: int) -> None:
    """Put the objects and rows of a plan into moto's state."""
    s3: Any = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]
    rows: Any = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][region].get_table(table)
    for file in planned_files(count, broken):
        if file.has_object:
            s3.put_object(bucket, file.key, file.data, disable_notification=True)
        if file.has_row:
            rows.put_item(_row(bucket, file))


def _row(bucket: str, file: PlannedFile) -> dict[str, dict[str, str]]:
    texts = {
        "file_id": file_id(bucket, file.key),
        "bucket": bucket,
        "key": file.key,
        "file_path": file.key,
        "state": "indexed",
        "version": file.version,
        "content_hash": file.content_hash,
        "artifact_key": f"artifacts/{file.content_hash}/txt-0123456789abcdef",
        "attempt": file.content_hash[:32],
        "message_id": file.content_hash[32:],
        "file_type": "txt",
        "pipeline_version": "1",
        "updated_at": CHANGED_AT,
    }
    numbers = {"fence": FENCE, "pages": 1, "size_bytes": len(file.data)}
    return {
        **{name: {"S": text} for name, text in texts.items()},
        **{name: {"N": str(number)} for name, number in numbers.items()},
    }


class BenchRoutes:
    """The two routes of the bench before those of moto."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._listings: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        if path == "/_fill":
            values = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            fill(**values)
        elif path != "/_listings":
            if "list-type=2" in query and "prefix=%E5" in query:
                self._listings.append(query)
            return self._application(environ, start_response)
        listings, self._listings = self._listings, []
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(listings).encode()]


def main() -> None:
    """Serve until standard input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = BenchRoutes(atomic_dynamodb(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    sys.stdout = sys.stderr  # the parent reads one line only
    sys.stdin.read()


if __name__ == "__main__":
    main()
