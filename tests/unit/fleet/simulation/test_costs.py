"""Costs: each service by its own price, and nothing else."""

from __future__ import annotations

import pytest

from tests.unit.fleet.simulation.scenario_parts import make_scenario
from worker.fleet.simulation.costs import Use, price

pytestmark = pytest.mark.unit

USE = Use(
    documents=1_000_000, work_s=6_000_000, spot_hours=100, on_demand_hours=10, images=2000, tokens=5_000_000
)
USAGE = {
    "sqs_requests": 4,
    "sqs_polls_per_instance_hour": 0,
    "s3_puts": 2,
    "s3_gets": 3,
    "s3_kilobytes": 50,
    "s3_puts_per_ocr_minute": 0,
    "dynamodb_writes": 4,
    "dynamodb_reads": 2,
    "log_kilobytes": 2,
}
FREE = {"as_of": "x", "region": "y", "spot_instance_hour": 0, "on_demand_instance_hour": 0}


@pytest.mark.parametrize(
    ("prices", "service", "cost"),
    [
        ({"spot_instance_hour": 0.1, "on_demand_instance_hour": 0.3}, "ec2", 13),
        ({"volume_instance_hour": 0.01}, "ec2", 1.1),
        ({"sqs_million_requests": 0.4}, "sqs", 1.6),
        ({"s3_thousand_puts": 0.005}, "s3", 10),
        ({"s3_thousand_gets": 0.001}, "s3", 3),
        ({"s3_gigabyte_month": 0.02}, "s3", 1),
        ({"dynamodb_million_writes": 0.7}, "dynamodb", 2.8),
        ({"dynamodb_million_reads": 0.1}, "dynamodb", 0.2),
        ({"bedrock_thousand_images": 0.06}, "bedrock", 0.12),
        ({"bedrock_million_tokens": 0.02}, "bedrock", 0.1),
        ({"opensearch_domain_hour": 0.5}, "opensearch", 12),
        ({"cloudwatch_log_gigabyte": 0.75}, "cloudwatch", 1.5),
    ],
)
def test_each_price_is_that_of_one_service(prices: dict[str, float], service: str, cost: float) -> None:
    scenario = make_scenario(prices=FREE | prices, usage=USAGE, duration_days=1)
    costs = price(USE, scenario)
    assert costs.by_service()[service] == pytest.approx(cost)
    assert costs.total == pytest.approx(cost)


def test_polls_and_checkpoints_are_counted_by_the_time_they_go_on() -> None:
    usage = dict.fromkeys(USAGE, 0) | {"sqs_polls_per_instance_hour": 1000, "s3_puts_per_ocr_minute": 2}
    prices = FREE | {"sqs_million_requests": 1, "s3_thousand_puts": 0.01}
    costs = price(USE, make_scenario(prices=prices, usage=usage))
    assert costs.sqs == pytest.approx(0.11)
    assert costs.s3 == pytest.approx(2.0)


def test_the_domain_costs_the_same_for_every_policy_where_a_run_has_no_length() -> None:
    scenario = make_scenario(
        arrivals=[{"kind": "backfill", "documents": 1, "documents_per_s": 1}],
        duration_days=None,
        target={"delay_s": 7200},
        prices=FREE | {"opensearch_domain_hour": 0.5},
    )
    assert price(USE, scenario).opensearch == pytest.approx(1.0)
