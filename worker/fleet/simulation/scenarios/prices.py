"""Prices and Usage: what a fleet uses of each service, and what that costs."""

from __future__ import annotations

from worker.fleet.simulation.scenarios.section import NotNegative, Section


class Prices(Section):
    """What the services ask, in `currency`. `as_of` says when they were looked up."""

    as_of: str
    region: str
    currency: str = "USD"
    spot_instance_hour: NotNegative
    on_demand_instance_hour: NotNegative
    volume_instance_hour: NotNegative = 0.0
    sqs_million_requests: NotNegative = 0.0
    s3_thousand_puts: NotNegative = 0.0
    s3_thousand_gets: NotNegative = 0.0
    s3_gigabyte_month: NotNegative = 0.0
    dynamodb_million_writes: NotNegative = 0.0
    dynamodb_million_reads: NotNegative = 0.0
    bedrock_thousand_images: NotNegative = 0.0
    bedrock_million_tokens: NotNegative = 0.0
    opensearch_domain_hour: NotNegative = 0.0
    cloudwatch_log_gigabyte: NotNegative = 0.0


class Usage(Section):
    """Calls and bytes of one document, beside its time: what the worker's own metrics count."""

    sqs_requests: NotNegative = 4.0
    sqs_polls_per_instance_hour: NotNegative = 1800.0
    s3_puts: NotNegative = 2.0
    s3_gets: NotNegative = 3.0
    s3_kilobytes: NotNegative = 60.0
    s3_puts_per_ocr_minute: NotNegative = 4.0
    dynamodb_writes: NotNegative = 4.0
    dynamodb_reads: NotNegative = 2.0
    log_kilobytes: NotNegative = 2.0
