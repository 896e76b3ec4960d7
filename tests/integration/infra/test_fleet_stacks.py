"""The fleet's stacks, made on stand-ins: launch templates, group and dashboard on moto, alarms on LocalStack.

A stand-in reports CREATE_COMPLETE for what it does not make: LocalStack with the physical id `unknown`, moto
without any. So each resource is asked for by its own service. What neither makes (hook, policies, filters; of
the group its capacity rebalancing, of the security group its egress) is checked in the template
(tests/unit/infra).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.stand_ins.stack_template import INFRA

pytestmark = pytest.mark.integration

REGION = "ap-northeast-1"
QUEUES = {"QueueName": "fleet-files", "DeadLetterQueueName": "fleet-files-dlq"}


class Account:
    """An account on a stand-in: clients, and stacks made from our templates."""

    def __init__(self, url: str) -> None:
        self._url = url

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self._url, region_name=REGION, **keys)  # type: ignore[call-overload]

    def make(self, file: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Make the stack of a template; logical id -> physical id."""
        cloudformation, name = self.client("cloudformation"), f"fleet-{file.removesuffix('.yaml')}"
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=(INFRA / file).read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 240}
        )
        resources = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
        return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in resources}


@pytest.fixture(scope="module")
def moto() -> Iterator[Account]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Account(f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="module")
def fleet(moto: Account) -> dict[str, str]:
    """The physical ids of fleet.yaml on moto."""
    ec2 = moto.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:2]
    images = [image["ImageId"] for image in ec2.describe_images(Owners=["amazon"])["Images"]]
    return moto.make(
        "fleet.yaml",
        {
            "Name": "fleet",
            "VpcId": vpc,
            "SubnetIds": ",".join(subnets),
            "WorkerInstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/fleet",
            # The public parameters of Debian's images are not there.
            "ImageX86": images[0],
            "ImageArm64": images[1],
            "ImageUri": f"ghcr.io/o/r@sha256:{'0' * 64}",
            "QueueUrl": "https://sqs.example/123456789012/fleet-files",
            "DeadLetterQueueUrl": "https://sqs.example/123456789012/fleet-files-dlq",
            "SourceBucketName": "fleet-source",
            "ResultsBucketName": "fleet-results",
            "TableName": "fleet-files",
            "SearchEndpoint": "https://search.example",
        },
    )


@pytest.mark.parametrize("logical", ["LaunchTemplateX86", "LaunchTemplateArm64"])
def test_the_launch_templates_are_made_as_they_are_written(
    moto: Account, fleet: dict[str, str], logical: str
) -> None:
    versions = moto.client("ec2").describe_launch_template_versions(LaunchTemplateId=fleet[logical])
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["InstanceMetadataTags"] == "enabled"
    assert data["SecurityGroupIds"] == [fleet["SecurityGroup"]]
    assert data["ImageId"].startswith("ami-")


def test_the_group_is_empty_and_has_both_architectures(moto: Account, fleet: dict[str, str]) -> None:
    groups = moto.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["fleet"])
    (group,) = groups["AutoScalingGroups"]
    assert fleet["Group"] == "fleet"
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (0, 0, 10)
    overrides = group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert {each["LaunchTemplateSpecification"]["LaunchTemplateId"] for each in overrides} == {
        fleet["LaunchTemplateX86"],
        fleet["LaunchTemplateArm64"],
    }
    assert {tag["Key"]: tag["Value"] for tag in group["Tags"]}["cis-lifecycle-hook"] == "fleet-stop"


def test_nothing_comes_into_the_security_group(moto: Account, fleet: dict[str, str]) -> None:
    groups = moto.client("ec2").describe_security_groups(GroupIds=[fleet["SecurityGroup"]])["SecurityGroups"]
    assert groups[0]["IpPermissions"] == []


def test_the_log_group_is_made_where_the_agent_writes(moto: Account, fleet: dict[str, str]) -> None:
    groups = moto.client("logs").describe_log_groups(logGroupNamePrefix=fleet["LogGroup"])["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [90]
    assert fleet["LogGroup"] == "/fleet/worker"


def observe(account: Account) -> dict[str, str]:
    return account.make(
        "observability.yaml",
        {"Name": "fleet", "GroupName": "fleet", "LogGroupName": "/fleet/worker", **QUEUES},
    )


def test_the_dashboard_is_made(moto: Account, fleet: dict[str, str]) -> None:
    observe(moto)
    body = moto.client("cloudwatch").get_dashboard(DashboardName="fleet")["DashboardBody"]
    titles = {widget["properties"]["title"] for widget in json.loads(body)["widgets"]}
    assert {"Queue", "Instances", "Machines"} <= titles


def test_the_alarms_are_made_on_localstack(localstack_url: str) -> None:
    account = Account(localstack_url)
    account.client("logs").create_log_group(logGroupName="/fleet/worker")
    made = observe(account)
    answer = account.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = {alarm["AlarmName"]: alarm for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"])}
    assert made["AlarmTopic"].endswith(":fleet-alarms")
    assert alarms["fleet-dead-letters"]["AlarmActions"] == [made["AlarmTopic"]]
    wanted = {
        *("fleet-dead-letters", "fleet-oldest-waiting", "fleet-in-flight-limit", "fleet-breaker-open"),
        *("fleet-no-heartbeat", "fleet-interruptions", "fleet-local-faults", "fleet-disk-full"),
    }
    assert wanted <= set(alarms)
