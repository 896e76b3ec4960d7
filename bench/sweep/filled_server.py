"""moto with a generated deployment, run by MotoProcess as `python -m bench.sweep.filled_server`.

POST /_fill with {"table", "count", "broken"} fills bucket and table inside the process: over HTTP, 100,000
objects would take a quarter of an hour. GET /_listings answers the query strings of the
listings of that bucket since the last such call.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus
from xml.sax.saxutils import escape

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from bench.sweep.plan import CHANGED_AT, FENCE, REGION, SOURCE, PlannedFile, planned_files
from worker.embedded.moto_server import atomic_dynamodb
from worker.models.file import file_id

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def fill(table: str, *, count: int, broken: int) -> None:
    """Put the objects and rows of a plan into moto's state."""
    s3: Any = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]
    rows: Any = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].get_table(table)
    for file in planned_files(count, broken):
        if file.has_object:
            s3.put_object(SOURCE, file.key, file.data, disable_notification=True)
        if file.has_row:
            rows.put_item(_row(file))


def _row(file: PlannedFile) -> dict[str, dict[str, str]]:
    texts = {
        "file_id": file_id(SOURCE, file.key),
        "bucket": SOURCE,
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
    """The routes of the bench before those of moto, and two that moto answers in minutes at this size.

    Scan and ListObjectsV2 are answered from moto's own state, as the services do it: from a sorted list.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._listings: list[str] = []
        self._rows: list[str] = []
        self._keys: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        if path == "/_fill":
            fill(**_json_of(environ))
        elif path == "/_listings":
            pass
        elif environ.get("HTTP_X_AMZ_TARGET", "").endswith(".Scan"):
            return _answer(start_response, "application/x-amz-json-1.0", self._scan(_json_of(environ)))
        elif "list-type=2" in query and path.strip("/") == SOURCE:
            self._listings.append(query)
            return _answer(start_response, "application/xml", self._list(dict(parse_qsl(query))))
        else:
            return self._application(environ, start_response)
        listings, self._listings = self._listings, []
        return _answer(start_response, "application/json", json.dumps(listings))

    def _scan(self, request: Mapping[str, Any]) -> str:
        items: Any = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].get_table(request["TableName"]).items
        start = request.get("ExclusiveStartKey", {}).get("file_id", {}).get("S", "")
        if not start:
            self._rows = sorted(key.value for key in list(items))
        first = bisect_right(self._rows, start)
        page = self._rows[first : first + request.get("Limit", 1_000)]
        names = set(request["ExpressionAttributeNames"].values())
        found = (items.get(DynamoType({"S": file_id})) for file_id in page)
        answer: dict[str, Any] = {
            "Items": [
                {name: value.to_json() for name, value in item.attrs.items() if name in names}
                for item in found
                if item is not None
            ],
        }
        if first + len(page) < len(self._rows):
            answer["LastEvaluatedKey"] = {"file_id": {"S": page[-1]}}
        return json.dumps(answer)

    def _list(self, query: Mapping[str, str]) -> str:
        keys: Any = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].get_bucket(SOURCE).keys
        start = query.get("continuation-token") or query.get("start-after", "")
        if "continuation-token" not in query:
            # Code points and UTF-8 sort alike.
            self._keys = sorted(key for key in list(keys) if key.startswith(query.get("prefix", "")))
        first = bisect_right(self._keys, start)
        page = self._keys[first : first + 1_000]
        is_last = first + len(page) >= len(self._keys)
        objects = ((key, keys.get(key)) for key in page)
        contents = "".join(
            f"<Contents><Key>{quote_plus(key)}</Key><ETag>&quot;{item.etag.strip(chr(34))}&quot;</ETag>"
            f"<Size>{item.size}</Size><LastModified>{item.last_modified_ISO8601}</LastModified>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key, item in objects
            if item is not None
        )
        token = "" if is_last else f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(not is_last).lower()}</IsTruncated><EncodingType>url</EncodingType>"
            f"{token}{contents}</ListBucketResult>"
        )


def _json_of(environ: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))


def _answer(start_response: Any, kind: str, body: str) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", kind)])
    return [body.encode()]


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
