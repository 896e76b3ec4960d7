"""What readyz and the metrics say about refusals."""

from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.errors import Code, ServiceRefusedError
from worker.resilience.refusals import Refusals
from worker.resilience.resource_monitor import ResourceMonitor
from worker.resilience.source_gate import Access, SourceGate
from worker.runtime.metrics import Metrics

pytestmark = pytest.mark.unit

DENIED = ServiceRefusedError("denied")


@pytest.fixture
def refusals(clock: Clock) -> Refusals:
    return Refusals(sources=SourceGate(["nas", "b"], clock=clock), resources=ResourceMonitor(clock=clock))


def put_out(refusals: Refusals, bucket: str) -> None:
    for key in ("a", "b"):
        refusals.sources.on_refusal(
            bucket, key, Access.HEAD, code=Code.SOURCE_FORBIDDEN, message=f"{key}: 403"
        )


def test_nothing_refuses(refusals: Refusals) -> None:
    assert refusals.details() == (True, {"sources_refused": [], "services_failing": []})


def test_one_bucket_of_two_that_is_out_is_named_and_the_worker_stays_ready(
    refusals: Refusals, clock: Clock
) -> None:
    put_out(refusals, "nas")
    clock.now += 9
    ready, details = refusals.details()
    assert ready
    assert details["sources_refused"] == [
        {"bucket": "nas", "is_out": True, "code": "source_forbidden", "reason": "b: 403", "seconds": 9.0}
    ]
    put_out(refusals, "b")
    assert refusals.details()[0] is False


def test_an_own_service_that_refuses_is_named_and_the_worker_is_not_ready(
    refusals: Refusals, clock: Clock
) -> None:
    refusals.resources.on_error("index", "write", DENIED, is_needed=False)
    assert refusals.details()[0] is True
    refusals.resources.on_error("table", "GetItem", DENIED)
    clock.now += 3
    ready, details = refusals.details()
    assert not ready
    failing = {"operation": "GetItem", "code": "misconfigured", "reason": "denied", "seconds": 3.0}
    services = details["services_failing"]
    assert isinstance(services, list)
    assert services[1] == {"service": "table", **failing}


def test_the_metrics_show_what_refuses_now(refusals: Refusals, clock: Clock) -> None:
    metrics = Metrics()
    refusals.export(metrics)
    assert b"source_out_seconds{" not in metrics.render()
    put_out(refusals, "nas")
    refusals.resources.on_error("table", "GetItem", DENIED)
    clock.now += 5
    shown = metrics.render().decode()
    assert 'cis_source_out_seconds{bucket="nas",code="source_forbidden"} 5.0' in shown
    labels = 'code="misconfigured",operation="GetItem",service="table"'
    assert f"cis_service_failing_seconds{{{labels}}} 5.0" in shown
    refusals.resources.on_success("table", "GetItem")
    assert b"service_failing_seconds{" not in metrics.render()
