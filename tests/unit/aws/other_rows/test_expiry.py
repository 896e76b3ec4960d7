"""The expiry of the table is switched on once, where the server knows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.aws.conftest import Wire
from worker.aws.other_rows.expiry import enable_expiry
from worker.errors import WorkerError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("dry_run", [True, False])
def test_it_is_switched_on_where_it_is_off(connect: Callable[[str], Any], wire: Wire, dry_run: bool) -> None:
    wire.answer({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}})
    wire.answer({"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires_at"}})
    assert enable_expiry(connect("dynamodb"), "files", dry_run=dry_run)
    assert len(wire.requests) == (1 if dry_run else 2)
    if not dry_run:
        specification = {"Enabled": True, "AttributeName": "expires_at"}
        assert wire.sent() == {"TableName": "files", "TimeToLiveSpecification": specification}


@pytest.mark.parametrize("status", ["ENABLED", "ENABLING"])
def test_where_it_is_on_nothing_changes(connect: Callable[[str], Any], wire: Wire, status: str) -> None:
    wire.answer({"TimeToLiveDescription": {"TimeToLiveStatus": status, "AttributeName": "expires_at"}})
    assert not enable_expiry(connect("dynamodb"), "files", dry_run=False)


def test_a_server_without_expiry_is_used_without(connect: Callable[[str], Any], wire: Wire) -> None:
    wire.error("UnknownOperationException")
    assert not enable_expiry(connect("dynamodb"), "files", dry_run=False)


def test_a_refusal_is_an_error(connect: Callable[[str], Any], wire: Wire) -> None:
    wire.error("AccessDeniedException")
    with pytest.raises(WorkerError, match="expiry of table files"):
        enable_expiry(connect("dynamodb"), "files", dry_run=False)
