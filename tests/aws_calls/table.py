"""Call -> action: which permission each call to AWS needs, and which role makes it.

An action is not always named as the call: HEAD is a GET, a batch is its single action, a part of an upload is
a PUT, and what carries a version has a right of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["worker", "operator"]
ROLES: tuple[Role, ...] = ("worker", "operator")


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """The actions that each role needs for a call; one without them does not make it.

    `deployer`: made by `cis-worker init` or infra/deploy, with the rights of an administrator. `why` says why
    nobody needs a right.
    """

    worker: frozenset[str] = frozenset()
    operator: frozenset[str] = frozenset()
    deployer: bool = False
    why: str = ""

    def of(self, role: Role) -> frozenset[str]:
        """The actions for one role."""
        return self.worker if role == "worker" else self.operator


def _both(*actions: str, deployer: bool = False) -> Need:
    return Need(worker=frozenset(actions), operator=frozenset(actions), deployer=deployer)


def _worker(*actions: str) -> Need:
    return Need(worker=frozenset(actions))


def _operator(*actions: str, deployer: bool = False) -> Need:
    return Need(operator=frozenset(actions), deployer=deployer)


_DEPLOYER = Need(deployer=True)
_READ_KEY, _WRITE_KEY = "kms:Decrypt", "kms:GenerateDataKey"

CALLS: dict[str, Need] = {
    "sqs:ReceiveMessage": _both("sqs:ReceiveMessage", _READ_KEY),
    "sqs:SendMessage": _both("sqs:SendMessage", _READ_KEY, _WRITE_KEY),
    "sqs:SendMessageBatch": _both("sqs:SendMessage", _READ_KEY, _WRITE_KEY),
    "sqs:DeleteMessageBatch": _both("sqs:DeleteMessage"),
    "sqs:ChangeMessageVisibility": _worker("sqs:ChangeMessageVisibility"),
    "sqs:ChangeMessageVisibilityBatch": _both("sqs:ChangeMessageVisibility"),
    # By the worker's role in `doctor`, run on its machine.
    "sqs:GetQueueAttributes": _both("sqs:GetQueueAttributes", deployer=True),
    "sqs:GetQueueUrl": _both("sqs:GetQueueUrl", deployer=True),
    "sqs:CreateQueue": _DEPLOYER,
    "sqs:SetQueueAttributes": _DEPLOYER,
    # Without s3:ListBucket a missing object answers 403.
    "s3:HeadObject": Need(
        worker=frozenset({"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", _READ_KEY}),
        operator=frozenset({"s3:GetObject", "s3:ListBucket", _READ_KEY}),
    ),
    "s3:HeadBucket": _both("s3:ListBucket", deployer=True),
    "s3:GetObject": Need(
        worker=frozenset({"s3:GetObject", "s3:GetObjectVersion", _READ_KEY}),
        operator=frozenset({"s3:GetObject", _READ_KEY}),
    ),
    "s3:GetObjectTagging": _worker("s3:GetObjectTagging"),
    "s3:PutObject": _both("s3:PutObject", _WRITE_KEY),
    "s3:CreateMultipartUpload": _worker("s3:PutObject", _READ_KEY, _WRITE_KEY),
    "s3:UploadPart": _worker("s3:PutObject", _READ_KEY, _WRITE_KEY),
    "s3:CompleteMultipartUpload": _worker("s3:PutObject", _READ_KEY, _WRITE_KEY),
    "s3:AbortMultipartUpload": _worker("s3:AbortMultipartUpload"),
    "s3:ListObjectsV2": _both("s3:ListBucket"),
    "s3:ListObjectVersions": _operator("s3:ListBucketVersions"),
    "s3:GetBucketVersioning": _operator("s3:GetBucketVersioning"),
    "s3:DeleteObject": _both("s3:DeleteObject"),
    "s3:DeleteObjects": _both("s3:DeleteObject"),
    "s3:GetBucketLifecycleConfiguration": _operator("s3:GetLifecycleConfiguration", deployer=True),
    "s3:PutBucketLifecycleConfiguration": _DEPLOYER,
    "s3:GetBucketNotificationConfiguration": _DEPLOYER,
    "s3:PutBucketNotificationConfiguration": _DEPLOYER,
    "s3:CreateBucket": _DEPLOYER,
    "s3:ListBuckets": Need(why="the doctor reads the date of the answer, which a refusal has, too"),
    "s3:CopyObject": Need(why="StorageHandler.copy is for programs that use parts of the worker"),
    "s3:UploadPartCopy": Need(why="StorageHandler.copy is for programs that use parts of the worker"),
    "dynamodb:GetItem": _both("dynamodb:GetItem", _READ_KEY),
    "dynamodb:BatchGetItem": _both("dynamodb:BatchGetItem", _READ_KEY),
    "dynamodb:Query": _worker("dynamodb:Query", _READ_KEY),
    "dynamodb:Scan": _operator("dynamodb:Scan", _READ_KEY),
    "dynamodb:UpdateItem": _both("dynamodb:UpdateItem", _READ_KEY),
    "dynamodb:DeleteItem": _both("dynamodb:DeleteItem", _READ_KEY),
    # By the worker's role in `doctor`, run on its machine.
    "dynamodb:DescribeTable": _both("dynamodb:DescribeTable", deployer=True),
    # `init` on what is deployed looks, and finds it on.
    "dynamodb:DescribeTimeToLive": _operator("dynamodb:DescribeTimeToLive", deployer=True),
    "dynamodb:UpdateTimeToLive": _DEPLOYER,
    "dynamodb:CreateTable": _DEPLOYER,
    "dynamodb:UpdateTable": _DEPLOYER,
    "bedrock-runtime:InvokeModel": _both("bedrock:InvokeModel"),
    "secretsmanager:GetSecretValue": _both("secretsmanager:GetSecretValue", _READ_KEY),
    "autoscaling:SetInstanceProtection": _worker("autoscaling:SetInstanceProtection"),
    "autoscaling:CompleteLifecycleAction": _worker("autoscaling:CompleteLifecycleAction"),
    "autoscaling:RecordLifecycleActionHeartbeat": _worker("autoscaling:RecordLifecycleActionHeartbeat"),
    "autoscaling:DescribeAutoScalingGroups": _operator("autoscaling:DescribeAutoScalingGroups"),
    "autoscaling:DescribePolicies": _operator("autoscaling:DescribePolicies"),
    "autoscaling:SetDesiredCapacity": _operator("autoscaling:SetDesiredCapacity"),
    "events:PutEvents": _worker("events:PutEvents"),
    "sns:PublishBatch": _worker("sns:Publish"),
    # By `doctor`, with either role.
    "events:DescribeEventBus": _both("events:DescribeEventBus"),
    "sns:GetTopicAttributes": _both("sns:GetTopicAttributes"),
    # Requests to OpenSearch Service are signed, and allowed by their method.
    "es:DELETE": _operator("es:ESHttpDelete"),
    "es:GET": _both("es:ESHttpGet"),
    "es:HEAD": _operator("es:ESHttpHead"),
    "es:POST": _both("es:ESHttpPost"),
    "es:PUT": _operator("es:ESHttpPut"),
}


def actions(role: Role, calls: Iterable[str] = CALLS) -> set[str]:
    """The actions that a role needs for these calls."""
    return {action for call in calls for action in CALLS[call].of(role)}
