"""Account: the clients of one account and region, and what is asked of them beside CloudFormation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.stacks.errors import DeployError, report_errors
from worker.aws.clients import Clients, make_clients
from worker.errors import WorkerError
from worker.resilience.error_classification import error_code

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_MISSING = ("404", "NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})


@dataclass(frozen=True)
class Account:
    """Where a deployment goes; every client is made when it is first needed. Methods raise DeployError."""

    region: str | None = None

    @cached_property
    def clients(self) -> Clients:
        """Those of the worker: S3, SQS and DynamoDB."""
        try:
            return make_clients(region=self.region)
        except WorkerError as error:
            raise DeployError(str(error)) from error

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """CloudFormation."""
        with report_errors("connect to CloudFormation"):
            return boto3.client("cloudformation", region_name=self.region, config=_CONFIG)

    @property
    def region_name(self) -> str:
        """The region, from the option, the environment or the profile."""
        return str(self.cloudformation.meta.region_name)

    @property
    def partition(self) -> str:
        """The first part of an ARN after `arn`: aws, aws-cn, aws-us-gov."""
        return str(self.cloudformation.meta.partition)

    @cached_property
    def number(self) -> str:
        """The account's number."""
        with report_errors("find out which account this is"):
            return str(self.other("sts").get_caller_identity()["Account"])

    def other(self, service: str) -> Any:
        """The client of a service that is asked once or twice."""
        make: Any = boto3.client
        with report_errors(f"connect to {service}"):
            return make(service, region_name=self.region, config=_CONFIG)

    def has_bucket(self, name: str) -> bool:
        """Whether a bucket is there; raises for one of another account or another region."""
        with report_errors(f"look for bucket {name}"):
            try:
                answer = self.clients.s3.head_bucket(Bucket=name)
            except ClientError as error:
                if error_code(error) in ("403", "AccessDenied"):
                    raise DeployError(
                        f"Bucket {name} exists, and these credentials may not use it: it is of another "
                        "account, or its policy denies them. Choose another name, or have access granted."
                    ) from error
                if error_code(error) in ("301", "PermanentRedirect"):
                    raise DeployError(
                        f"Bucket {name} is in another region than {self.region_name}."
                    ) from error
                if error_code(error) in _MISSING:
                    return False
                raise
        region = answer.get("BucketRegion") or self.region_name
        if region != self.region_name:
            raise DeployError(
                f"Bucket {name} is in {region}: S3 sends events to a queue of its own region only. Deploy "
                f"with --region {region}."
            )
        return True

    def queue_url(self, name: str) -> str:
        """The URL of a queue, "" where none has this name."""
        with report_errors(f"look for queue {name}"):
            try:
                return self.clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]
            except self.clients.sqs.exceptions.QueueDoesNotExist:
                return ""

    def has_table(self, name: str) -> bool:
        """Whether a table is there."""
        client = self.clients.dynamodb
        with report_errors(f"look for table {name}"):
            try:
                return bool(client.describe_table(TableName=name))
            except client.exceptions.ResourceNotFoundException:
                return False

    def domain_endpoint(self, name: str) -> str | None:
        """The URL of a domain of OpenSearch ("" while it is made), None where none has this name."""
        client = self.other("opensearch")
        with report_errors(f"look for domain {name}"):
            try:
                status = client.describe_domain(DomainName=name)["DomainStatus"]
            except client.exceptions.ResourceNotFoundException:
                return None
        host = status.get("Endpoint") or status.get("Endpoints", {}).get("vpc", "")
        return f"https://{host}" if host else ""
