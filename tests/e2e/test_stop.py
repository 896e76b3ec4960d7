"""`cis-worker run` stops while messages arrive: on moto, and on a queue that keeps dead polls open."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
import pytest
import requests

from worker.aws.queue_manager import QueueManager, ReceivedMessage

if TYPE_CHECKING:
    from tests.e2e.conftest import Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("server", ["moto", "elasticmq"])
def test_what_arrives_during_a_stop_is_received_by_another_worker_for_the_first_time(
    fleet: Fleet, until: Callable[..., None], request: pytest.FixtureRequest, server: str
) -> None:
    sqs, settings = fleet.stack.clients.sqs, {"CIS_POLL_WAIT_S": "20"}
    if server == "elasticmq":
        url = str(request.getfixturevalue("elasticmq_url"))
        sqs = boto3.client(
            "sqs", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        queue_url = sqs.create_queue(QueueName=f"stop-{fleet.work_dir.parent.name}")["QueueUrl"]
        settings |= {"AWS_ENDPOINT_URL_SQS": url, "CIS_QUEUE_URL": queue_url}
    else:
        queue_url = fleet.stack.resources.queue_url
    worker = fleet.start(**settings)
    ready = f"http://127.0.0.1:{worker.wait_until_ready()['http_port']}/readyz"
    until(lambda: requests.get(ready, timeout=60).json()["seconds_since_poll"] is not None)
    queue = QueueManager(sqs, queue_url=queue_url, dlq_url=queue_url)
    worker.terminate()
    until(lambda: bool(fleet.events("shutdown_began")))
    queue.send(json.dumps({"eventType": "FILE_UPLOADED", "s3Bucket": fleet.bucket, "s3Key": "a.txt"}))
    assert worker.wait(120) == 0
    received: list[ReceivedMessage] = []

    def has_received() -> bool:
        received.extend(queue.receive(limit=1, wait_s=1))
        return bool(received)

    until(has_received)
    assert received[0].receive_count == 1
