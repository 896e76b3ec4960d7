"""The sparse index `pending` of the ledger's table: the keys of its rows in one shard, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.aws.ledger_row import PENDING
from worker.aws.translation import ErrorTable, misconfigured, translate_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_NO_INDEX = misconfigured(
    f"What is pending cannot be found: `cis-worker init` adds the table's index `{PENDING}`, and the role "
    "needs dynamodb:Query on it."
)
_QUERY: ErrorTable = dict.fromkeys(
    ("AccessDeniedException", "ResourceNotFoundException", "ValidationException"), _NO_INDEX
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingPage:
    """Some keys of a shard; `after` is the start of the next page, None at the end."""

    keys: tuple[str, ...]
    after: str | None = None


def query_shard(
    client: DynamoDBClient, table: str, shard: str, *, limit: int, after: str | None = None
) -> PendingPage:
    """Up to `limit` keys of a shard, eventually consistent.

    Raises MisconfiguredError when the table has no such index, or it is still being built.
    """
    query: QueryInputTypeDef = {
        "TableName": table,
        "IndexName": PENDING,
        "KeyConditionExpression": "#pending = :shard",
        "ExpressionAttributeNames": {"#pending": PENDING},
        "ExpressionAttributeValues": {":shard": {"S": shard}},
        "Limit": limit,
    }
    if after is not None:
        query["ExclusiveStartKey"] = {PENDING: {"S": shard}, "file_id": {"S": after}}
    with translate_errors(f"query the index {PENDING} of table {table}", _QUERY):
        answer = client.query(**query)
    last = answer.get("LastEvaluatedKey")
    return PendingPage(
        keys=tuple(str(item["file_id"]["S"]) for item in answer["Items"]),
        after=str(last["file_id"]["S"]) if last else None,
    )
