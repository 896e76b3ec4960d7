"""The calls to AWS that stand in the code, found by reading it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("s3", "sqs", "dynamodb", "bedrock-runtime", "secretsmanager", "autoscaling", "events", "sns")
# What boto3 itself makes of one method.
_TRANSFERS = {
    "upload_fileobj": ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    "copy": ("HeadObject", "CopyObject", "UploadPartCopy"),
}
_WAITERS = {"table_exists": "dynamodb:DescribeTable"}
_CLIENTS = ("client", *(name.partition("-")[0] for name in SERVICES))


@cache
def operations() -> dict[str, str]:
    """Method of a client -> `service:Operation`; the services of the worker share no method of one name."""
    loader = botocore.session.Session()
    found: dict[str, str] = {}
    for service in SERVICES:
        for operation in loader.get_service_model(service).operation_names:
            found.setdefault(xform_name(operation), f"{service}:{operation}")
    return found


def calls_in(path: Path) -> Iterator[str]:
    """The calls of one module, as `service:Operation`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and _is_client(node.value):
            if node.attr in _TRANSFERS:
                yield from (f"s3:{name}" for name in _TRANSFERS[node.attr])
            elif node.attr in operations():
                yield operations()[node.attr]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if node.func.attr == "get_paginator" and isinstance(first, ast.Constant):
                yield operations()[str(first.value)]
            elif node.func.attr == "get_waiter" and isinstance(first, ast.Constant):
                yield _WAITERS[str(first.value)]


def _is_client(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.strip("_").rpartition("_")[2] in _CLIENTS


def calls_of_the_worker() -> dict[str, set[str]]:
    """Call -> the modules of worker/aws that make it."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "worker" / "aws").rglob("*.py")):
        for call in calls_in(path):
            found.setdefault(call, set()).add(path.relative_to(ROOT).as_posix())
    return found
