"""The settings of a worker on what was deployed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

_FROM_OUTPUTS = {
    "CIS_QUEUE_URL": "QueueUrl",
    "CIS_DLQ_URL": "DeadLetterQueueUrl",
    "CIS_RESULTS_BUCKET": "ResultsBucketName",
    "CIS_SOURCE_BUCKETS": "SourceBucketName",
    "CIS_FILE_TABLE": "TableName",
    "CIS_BEDROCK_REGION": "BedrockRegion",
    "CIS_PDF_PASSWORDS_SECRET": "PdfPasswordsSecretArn",
    "CIS_EVENTS_TARGET": "EventsTargetArn",
    "CIS_AUTOSCALING_GROUP": "GroupName",
}


def settings_of(values: Mapping[str, str], *, region: str) -> dict[str, str]:
    """Variable -> value, from outputs and parameters; a stack that is not deployed leaves its own out."""
    found = {name: values[output] for name, output in _FROM_OUTPUTS.items() if values.get(output)}
    if endpoint := values.get("SearchEndpoint"):
        is_domain = endpoint.rstrip("/").endswith((".amazonaws.com", ".aws"))
        found |= {"CIS_INDEX": "opensearch", "OPENSEARCH_ENDPOINT": endpoint}
        found |= {"CIS_OPENSEARCH_AUTH": "sigv4"} if is_domain else {}
    return {"AWS_REGION": region, **found}


def export_lines(settings: Mapping[str, str]) -> list[str]:
    """Lines for a shell."""
    return [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
