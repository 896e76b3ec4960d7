"""Service: a long queue as a flow gives what stepping through it gives."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.fleet.simulation.scenario_parts import backfill_scenario
from worker.fleet.simulation.service import Service
from worker.fleet.simulation.workload import make_workload

pytestmark = pytest.mark.unit

SCANS = [{"name": "scan", "share": 1, "pages": {"median": 4, "p95": 30}, "seconds_per_page": 1}]
LOAD = make_workload(backfill_scenario(8_000, documents=SCANS))


def make_service(fluid_above: int, instances: int = 8) -> Service:
    service = Service(load=LOAD, per_instance=4, random=np.random.RandomState(1), fluid_above=fluid_above)
    for instance in range(instances):
        service.add(instance)
    return service


def serve(service: Service, until_s: float) -> None:
    while service.now_s < until_s:
        service.choose_mode()
        service.serve(service.now_s + 60)


def drained_ends(fluid_above: int) -> np.ndarray:
    service = make_service(fluid_above)
    while not service.is_done:
        serve(service, service.now_s + 60)
    assert bool(service.fluid_steps) == (fluid_above < len(LOAD))
    return service.slots.finish()


def test_every_document_ends_about_when_it_ends_step_by_step() -> None:
    exact, fluid = drained_ends(100_000), drained_ends(1_000)
    assert np.isfinite(fluid).all()
    assert fluid.max() == pytest.approx(exact.max(), rel=0.01)
    later = exact > 600
    assert fluid[later] == pytest.approx(exact[later], rel=0.02)


def test_a_queue_is_a_flow_only_while_it_is_long() -> None:
    service = make_service(4_000)
    serve(service, 120)
    was_fluid = service.is_fluid
    assert (was_fluid, service.in_hand) == (True, 32)
    while service.waiting > 4_000:
        serve(service, service.now_s + 60)
    service.choose_mode()
    is_fluid = service.is_fluid
    assert not is_fluid
    assert 0 < service.in_hand <= 32


def test_an_instance_that_leaves_a_flow_has_as_much_in_hand_as_it_has_slots() -> None:
    service = make_service(1_000)
    serve(service, 600)
    running = service.remove(3)
    assert len(running) == 4
    assert all(service.now_s <= each.end_s <= service.now_s + each.shard.seconds for each in running)
    assert service.slots.count == 28


def test_nothing_flows_without_slots() -> None:
    service = make_service(1_000, instances=0)
    serve(service, 300)
    assert (service.is_fluid, service.waiting, service.fluid_steps) == (True, len(LOAD), 0)


def test_in_a_flow_every_instance_is_busy() -> None:
    service = make_service(1_000, instances=2)
    serve(service, 300)
    assert all(until_s > service.now_s for until_s in service.busy_until_s().values())
