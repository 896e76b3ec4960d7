"""The names of the queues, buckets and the table on the embedded stack.

Apart from the stack, so that who only names a bucket imports no server and no client of one.
"""

from __future__ import annotations

QUEUE = "cis-files"
DLQ = "cis-files-dlq"
SOURCE_BUCKET = "cis-source"
RESULTS_BUCKET = "cis-results"
TABLE = "cis-files"
