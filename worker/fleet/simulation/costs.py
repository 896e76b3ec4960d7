"""Costs: what a run used, priced by service."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from worker.fleet.simulation.scenarios.scenario import Scenario

_GIGABYTE_KB = 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a run took beside the calls of each document."""

    documents: int
    work_s: float
    spot_hours: float
    on_demand_hours: float
    images: int = 0
    tokens: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """By service, in the currency of the prices."""

    ec2: float
    sqs: float
    s3: float
    dynamodb: float
    bedrock: float
    opensearch: float
    cloudwatch: float

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self.by_service().values())

    def by_service(self) -> dict[str, float]:
        """Service -> cost."""
        return asdict(self)


def price(use: Use, scenario: Scenario) -> Costs:
    """What this use costs. OpenSearch is charged for the same time whatever the policy."""
    prices, usage = scenario.prices, scenario.usage
    hours = use.spot_hours + use.on_demand_hours
    requests = use.documents * usage.sqs_requests + hours * usage.sqs_polls_per_instance_hour
    puts = use.documents * usage.s3_puts + use.work_s / 60 * usage.s3_puts_per_ocr_minute
    gigabytes = use.documents * usage.s3_kilobytes / _GIGABYTE_KB
    days = scenario.duration_days
    domain_s = scenario.target.delay_s if days is None else days * 86_400.0
    return Costs(
        ec2=use.spot_hours * prices.spot_instance_hour
        + use.on_demand_hours * prices.on_demand_instance_hour
        + hours * prices.volume_instance_hour,
        sqs=requests / 1e6 * prices.sqs_million_requests,
        s3=puts / 1e3 * prices.s3_thousand_puts
        + use.documents * usage.s3_gets / 1e3 * prices.s3_thousand_gets
        + gigabytes * prices.s3_gigabyte_month,
        dynamodb=use.documents
        * (
            usage.dynamodb_writes * prices.dynamodb_million_writes
            + usage.dynamodb_reads * prices.dynamodb_million_reads
        )
        / 1e6,
        bedrock=use.images / 1e3 * prices.bedrock_thousand_images
        + use.tokens / 1e6 * prices.bedrock_million_tokens,
        opensearch=domain_s / 3600 * prices.opensearch_domain_hour,
        cloudwatch=use.documents * usage.log_kilobytes / _GIGABYTE_KB * prices.cloudwatch_log_gigabyte,
    )
