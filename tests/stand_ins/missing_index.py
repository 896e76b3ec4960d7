"""What OpenSearch answers to a request for an index that is still to be made."""

from __future__ import annotations

import json

from worker.embedded.http_server import Response

ERROR = {"type": "index_not_found_exception", "reason": "no such index [files]"}
MISSING_INDEX = Response(status=404, body=json.dumps({"error": ERROR, "status": 404}).encode())
