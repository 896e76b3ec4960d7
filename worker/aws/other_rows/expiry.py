"""The expiry (TTL) of the ledger's table: it removes what killed workers left. Rows of files have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from worker.aws.other_rows.worker_rows import EXPIRES_AT
from worker.aws.translation import translate_errors
from worker.resilience.error_classification import error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_IS_ON = ("ENABLED", "ENABLING")
# What compatible servers answer that have no expiry.
_UNKNOWN = ("UnknownOperationException",)


def enable_expiry(client: DynamoDBClient, table: str, *, dry_run: bool) -> bool:
    """Have DynamoDB remove rows after their `expires_at`; whether that is a change. Raises WorkerError."""
    with translate_errors(f"set the expiry of table {table}"):
        try:
            found = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if found.get("TimeToLiveStatus") in _IS_ON:
                return False
            if not dry_run:
                client.update_time_to_live(
                    TableName=table,
                    TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT},
                )
        except ClientError as error:
            if error_code(error) in _UNKNOWN:
                return False
            raise
    return True
