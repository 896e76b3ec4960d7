"""The boto3 clients of one process, with their time-outs and retries.

boto3 itself reads AWS_DEFAULT_REGION, AWS_ENDPOINT_URL and the credentials.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, NoCredentialsError, NoRegionError

from worker.aws.translation import translate
from worker.errors import MisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_CONNECT_S = 5
_READ_S = 10
_LONGEST_POLL_S = 20
_BEDROCK_READ_S = 60
# At a stop there is no time for a slow answer, and every call can be repeated.
_GROUP_READ_S = 5
# Few, because a shutdown cannot interrupt the sleeps of botocore's back-off. A long poll has one attempt (the
# consumer polls again), and so has Bedrock (RetryHandler owns those retries).
_ATTEMPTS = 3
# botocore's default of 10 is below the number of threads that share a client.
_CONNECTIONS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """One client per service; all are safe to share between threads.

    `sqs_poll` is for ReceiveMessage only: its read time-out is longer than a long poll. All sign with
    `credentials`.
    """

    sqs: SQSClient
    sqs_poll: SQSClient
    s3: S3Client
    dynamodb: DynamoDBClient
    bedrock: BedrockRuntimeClient
    credentials: Credentials | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Servers that stand in for AWS; they override the environment and AWS's configuration files."""

    url: str
    bedrock_url: str
    region: str
    access_key_id: str
    secret_access_key: str


def make_clients(
    endpoint: Endpoint | None = None, *, region: str | None = None, bedrock_region: str | None = None
) -> Clients:
    """Build all clients from the environment, as boto3 reads it, or for an endpoint alone.

    `region` is the value of AWS_REGION, which other SDKs and AWS's own services set and boto3 does not read.
    `bedrock_region` is where the models are; without it they are taken from the region of all else.
    Raises MisconfiguredError, naming the variable to set, when region or credentials are missing.
    """
    try:
        session = _session(endpoint, region)
        url = endpoint.url if endpoint else None
        bedrock_url = endpoint.bedrock_url if endpoint else None
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return Clients(
            credentials=credentials,
            sqs=session.client("sqs", endpoint_url=url, config=_config()),
            sqs_poll=session.client(
                "sqs", endpoint_url=url, config=_config(read_s=_LONGEST_POLL_S + _READ_S, attempts=1)
            ),
            s3=_s3(session, url),
            dynamodb=session.client("dynamodb", endpoint_url=url, config=_config()),
            bedrock=session.client(
                "bedrock-runtime",
                region_name=bedrock_region or None,
                endpoint_url=bedrock_url,
                config=_config(read_s=_BEDROCK_READ_S, attempts=1),
            ),
        )
    except ValueError as error:  # an address, or a region: the error of that is one of botocore's as well
        raise MisconfiguredError(
            f"Could not connect to AWS: {str(error).rstrip('.')}. Check AWS_REGION, CIS_BEDROCK_REGION and "
            "the AWS_ENDPOINT_URL variables, for example http://127.0.0.1:5000."
        ) from error
    except BotoCoreError as error:
        raise translate(error, what="connect to AWS") from error


def secrets_client(*, region: str | None = None) -> SecretsManagerClient:
    """The client of Secrets Manager, needed only where passwords are kept there.

    Raises MisconfiguredError, naming the variable to set, when region or credentials are missing.
    """
    client: SecretsManagerClient = _one_client("secretsmanager", "Secrets Manager", region, _config())
    return client


def sqs_client(*, region: str | None = None) -> SQSClient:
    """The client of SQS alone, for a short run that needs no other. Raises as `make_clients` does."""
    client: SQSClient = _one_client("sqs", "SQS", region, _config())
    return client


def dynamodb_client(*, region: str | None = None) -> DynamoDBClient:
    """The client of DynamoDB alone, for a short run that needs no other. Raises as `make_clients` does."""
    client: DynamoDBClient = _one_client("dynamodb", "DynamoDB", region, _config())
    return client


def autoscaling_client(*, region: str | None = None, attempts: int = 1) -> Any:
    """The client of Auto Scaling, with one attempt a call unless said otherwise, and short time-outs.

    Raises MisconfiguredError, naming the variable to set, when region or credentials are missing.
    """
    config = _config(read_s=_GROUP_READ_S, attempts=attempts)
    return _one_client("autoscaling", "Auto Scaling", region, config)


def target_client(service: str, *, region: str | None = None) -> Any:
    """The client of the service that document events go to (events, sns, sqs), with one attempt a call.

    Its callers repeat it from the ledger. Raises MisconfiguredError, naming the variable to set, when region
    or credentials are missing.
    """
    try:
        session = _session(None, region)
        if session.get_credentials() is None:
            raise NoCredentialsError
        # The type checker has no stubs of all of them.
        make: Any = session.client
        return make(service, config=_config(read_s=_GROUP_READ_S, attempts=1))
    except BotoCoreError as error:
        raise translate(error, what=f"connect to {service}") from error


def signing_credentials(*, region: str | None = None) -> tuple[Credentials, str]:
    """Refreshable credentials and the region, to sign requests that boto3 does not send.

    Raises MisconfiguredError, naming the variable to set, when region or credentials are missing.
    """
    try:
        session = _session(None, region)
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        if not session.region_name:
            raise NoRegionError
    except BotoCoreError as error:
        raise translate(error, what="sign requests") from error
    return credentials, session.region_name


def _one_client(service: str, name: str, region: str | None, config: Config) -> Any:
    try:
        session = _session(None, region)
        if session.get_credentials() is None:
            raise NoCredentialsError
        # The type checker has no stubs of all services.
        make: Any = session.client
        return make(service, config=config)
    except BotoCoreError as error:
        raise translate(error, what=f"connect to {name}") from error
    except ValueError as error:
        raise MisconfiguredError(
            f"Could not connect to {name}: {error}. Check AWS_REGION and the AWS_ENDPOINT_URL variables."
        ) from error


def _session(endpoint: Endpoint | None, region: str | None) -> boto3.Session:
    if endpoint is None:
        return boto3.Session(region_name=region or None)
    # The user's profile must have no effect: a missing one would raise ProfileNotFound.
    isolated = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    isolated.set_default_client_config(Config(proxies={}))
    return boto3.Session(
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
        region_name=endpoint.region,
        botocore_session=isolated,
    )


def _config(*, read_s: int = _READ_S, attempts: int = _ATTEMPTS) -> Config:
    return Config(
        connect_timeout=_CONNECT_S,
        read_timeout=read_s,
        # botocore composes its own of twenty parts, twice for each request: a quarter of the Python calls.
        user_agent=f"Boto3/{boto3.__version__} cis-worker",
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_CONNECTIONS,
    )


def _s3(session: boto3.Session, url: str | None) -> S3Client:
    # s3v4: presigned URLs with an older signature are refused for KMS-encrypted objects. virtual: path-style
    # URLs name the global endpoint, whose redirect to the region invalidates the signature.
    config = _config().merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
    client = session.client("s3", endpoint_url=url, config=config)
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return client
    # A custom endpoint (moto, LocalStack, MinIO) has no DNS names for its buckets.
    return session.client(
        "s3", endpoint_url=url, config=config.merge(Config(s3={"addressing_style": "path"}))
    )
