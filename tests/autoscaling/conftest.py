"""A deployment on moto: a group with instances, a queue, the ledger's table, and a clock set by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from worker.aws.ledger_row import PENDING
from worker.fleet.scaling_manager import ScalingManager

REGION = "us-east-1"
GROUP = "cis-workers"
TABLE = "cis-files"
# Any image that moto knows; nothing boots from it.
_IMAGE = "ami-12c6146b"


@dataclass(kw_only=True)
class Clock:
    """Seconds since 1970, as far as the tests say."""

    at: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at

    def pass_minutes(self, minutes: float) -> None:
        self.at += 60 * minutes


@dataclass(kw_only=True)
class MotoFleet:
    """The deployment: what a test changes of it, and what came out."""

    autoscaling: Any
    sqs: Any
    dynamodb: Any
    queue_url: str
    clock: Clock = field(default_factory=Clock)

    def manager(self, **options: Any) -> ScalingManager:
        """A manager of its own, as another process has one."""
        return ScalingManager(GROUP, self.queue_url, **options, now=self.clock)

    def send(self, messages: int) -> None:
        for start in range(0, messages, 10):
            entries = [{"Id": str(n), "MessageBody": "{}"} for n in range(min(10, messages - start))]
            self.sqs.send_message_batch(QueueUrl=self.queue_url, Entries=entries)

    def receive(self, messages: int) -> list[str]:
        """Take messages in hand; their receipts."""
        taken: list[str] = []
        while len(taken) < messages:
            answer = self.sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=min(10, messages - len(taken)),
                VisibilityTimeout=43_200,
            )
            taken += [message["ReceiptHandle"] for message in answer.get("Messages", [])]
        return taken

    def finish(self, receipts: list[str]) -> None:
        for receipt in receipts:
            self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=receipt)

    @property
    def group(self) -> Any:
        return self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])[
            "AutoScalingGroups"
        ][0]

    @property
    def desired(self) -> int:
        return int(self.group["DesiredCapacity"])

    @property
    def instances(self) -> list[str]:
        return [each["InstanceId"] for each in self.group["Instances"]]

    def protect(self, instances: list[str]) -> None:
        self.autoscaling.set_instance_protection(
            AutoScalingGroupName=GROUP, InstanceIds=instances, ProtectedFromScaleIn=True
        )

    def add_native_policy(self) -> None:
        self.autoscaling.put_scaling_policy(
            AutoScalingGroupName=GROUP,
            PolicyName="backlog-per-instance",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": 50.0,
            },
        )


@pytest.fixture
def start_fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., MotoFleet]]:
    """A function that makes the deployment, with these bounds and this capacity of the group."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("CIS_FILE_TABLE", TABLE)
    with mock_aws():

        def start(*, desired: int = 2, minimum: int = 0, maximum: int = 20) -> MotoFleet:
            fleet = MotoFleet(
                autoscaling=boto3.client("autoscaling", REGION),
                sqs=boto3.client("sqs", REGION),
                dynamodb=boto3.client("dynamodb", REGION),
                queue_url=boto3.client("sqs", REGION).create_queue(QueueName="cis-files")["QueueUrl"],
            )
            _create_table(fleet.dynamodb)
            fleet.autoscaling.create_launch_configuration(
                LaunchConfigurationName="any", ImageId=_IMAGE, InstanceType="c7a.large"
            )
            fleet.autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=GROUP,
                LaunchConfigurationName="any",
                MinSize=minimum,
                MaxSize=maximum,
                DesiredCapacity=desired,
                AvailabilityZones=[f"{REGION}a"],
                TerminationPolicies=["OldestInstance"],
            )
            return fleet

        yield start


def _create_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("file_id", PENDING)],
        GlobalSecondaryIndexes=[
            {
                "IndexName": PENDING,
                "KeySchema": [
                    {"AttributeName": PENDING, "KeyType": "HASH"},
                    {"AttributeName": "file_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
