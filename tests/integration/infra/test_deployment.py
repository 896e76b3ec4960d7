"""infra/deploy and infra/destroy against moto's CloudFormation."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError

from infra.stacks.account import Account
from infra.stacks.errors import DeployError, report_errors
from infra.stacks.template import load_templates
from tests.integration.infra.conftest import Run
from worker.aws.clients import Clients

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
ACCOUNT = "123456789012"
SOURCE = f"cis-worker-source-{ACCOUNT}-ap-northeast-1"
RESULTS = f"cis-worker-results-{ACCOUNT}-ap-northeast-1"
# What moto makes: no domain.
DATA = ("--only", "queue,storage,ledger,roles")


def stacks(account: Account) -> dict[str, str]:
    found = account.cloudformation.describe_stacks()["Stacks"]
    return {each["StackName"]: each["StackStatus"] for each in found}


def test_a_dry_run_shows_all_resources_and_makes_nothing(aws: str, run: Run, account: Account) -> None:
    done = run("deploy", "--dry-run", "--only", "queue,storage,ledger,search,roles")
    assert (done.status, done.settings) == (0, {})
    assert "cis-worker-queue: a new stack: make Queue AWS::SQS::Queue" in done.lines
    assert "cis-worker-search: a new stack: make Domain AWS::OpenSearchService::Domain" in done.lines
    assert done.lines[-1] == "Nothing was changed. Next: the same without --dry-run."
    assert stacks(account) == {}


@pytest.mark.parametrize("command", [("deploy", "--only", "queue"), ("destroy",)], ids=lambda it: it[0])
def test_the_region_of_the_worker_is_enough(
    aws: str, run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    assert run(*command, "--dry-run").status == 0
    monkeypatch.delenv("AWS_REGION")
    without = run(*command, "--dry-run")
    assert without.status == 1
    assert "Give --region, or set AWS_REGION." in without.text


def test_without_credentials_it_says_where_they_come_from() -> None:
    with pytest.raises(DeployError, match="AWS_PROFILE"), report_errors("look"):
        raise NoCredentialsError


def test_a_stack_that_is_not_there_is_named_before_anything_is_asked(run: Run) -> None:
    done = run("deploy", "--dry-run", "--only", "queue,nonsense")
    assert done.status != 0
    assert "nonsense" in done.text


def test_all_is_deployed_in_order_and_a_second_run_changes_nothing(
    aws: str, run: Run, account: Account, clients: Clients, tmp_path: Path
) -> None:
    environment = tmp_path / "cis.env"
    done = run("deploy", "--yes", *DATA, "--env-file", str(environment), "--bedrock-region", "us-east-1")
    assert done.status == 0, done.text
    assert done.settings == {
        "AWS_REGION": "ap-northeast-1",
        "CIS_QUEUE_URL": clients.sqs.get_queue_url(QueueName="cis-worker-files")["QueueUrl"].replace(
            aws, "https://sqs.ap-northeast-1.amazonaws.com"
        ),
        "CIS_DLQ_URL": f"https://sqs.ap-northeast-1.amazonaws.com/{ACCOUNT}/cis-worker-files-dlq",
        "CIS_RESULTS_BUCKET": RESULTS,
        "CIS_SOURCE_BUCKETS": SOURCE,
        "CIS_FILE_TABLE": "cis-worker-files",
        "CIS_BEDROCK_REGION": "us-east-1",
    }
    assert environment.read_text().count("export ") == len(done.settings)
    assert done.lines[-1] == f"Next: . {environment} && cis-worker init && cis-worker doctor"
    assert set(stacks(account).values()) == {"CREATE_COMPLETE"}

    again = run("deploy", "--yes", *DATA)
    assert again.status == 0
    unchanged = [
        f"cis-worker-{each.name}: nothing to change" for each in load_templates() if each.name in DATA[1]
    ]
    assert [line for line in again.lines if "nothing to change" in line] == unchanged


def test_without_a_terminal_nothing_is_changed_without_yes(aws: str, run: Run, account: Account) -> None:
    done = run("deploy", "--only", "queue")
    assert done.status == 1
    assert done.lines[-1].endswith("There is nobody to ask here: give --yes.")
    assert stacks(account) == {}


def test_destroy_keeps_the_data_and_the_next_deployment_uses_it(
    aws: str, run: Run, account: Account, clients: Clients
) -> None:
    run("deploy", "--yes", *DATA)
    clients.s3.put_object(Bucket=RESULTS, Key="artifacts/1", Body=b"x")
    for stack in ("queue", "storage", "ledger"):
        # moto deletes what a template keeps: what stays on AWS is made again.
        account.cloudformation.delete_stack(StackName=f"cis-worker-{stack}")
    make_kept(clients)
    shown = run("destroy", "--dry-run")
    assert f"What stays: AWS::S3::Bucket {RESULTS}" in shown.lines
    done = run("destroy", "--yes")
    assert done.status == 0, done.text
    assert stacks(account) == {}
    again = run("deploy", "--yes", *DATA)
    assert again.status == 0, again.text
    parameters = account.cloudformation.describe_stacks(StackName="cis-worker-storage")["Stacks"][0][
        "Parameters"
    ]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in parameters}
    assert (given["SourceBucketExists"], given["ResultsBucketExists"]) == ("true", "true")
    assert not any("make ResultsBucket " in line for line in again.lines if "deployed" in line)


def make_kept(clients: Clients) -> None:
    for bucket in (SOURCE, RESULTS):
        if bucket not in [each["Name"] for each in clients.s3.list_buckets()["Buckets"]]:
            clients.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
            )
    for queue in ("cis-worker-files", "cis-worker-files-dlq"):
        clients.sqs.create_queue(QueueName=queue)


def test_destroy_deletes_data_only_with_its_option(aws: str, run: Run, clients: Clients) -> None:
    run("deploy", "--yes", "--only", "queue,storage,ledger")
    for number in range(3):
        clients.s3.put_object(Bucket=SOURCE, Key="a", Body=str(number).encode())
    clients.s3.delete_object(Bucket=SOURCE, Key="a")
    done = run("destroy", "--yes", "--delete-data")
    assert done.status == 0, done.text
    assert clients.s3.list_buckets()["Buckets"] == []
    assert clients.sqs.list_queues().get("QueueUrls", []) == []
    assert clients.dynamodb.list_tables()["TableNames"] == []
    assert run("destroy", "--yes", "--delete-data").lines[-1] == "There is nothing of cis-worker here."


def test_a_bucket_that_exists_gets_its_notification_beside_those_of_others(
    aws: str, run: Run, clients: Clients
) -> None:
    clients.s3.create_bucket(Bucket="nas", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    other = clients.sqs.create_queue(QueueName="theirs")["QueueUrl"]
    arn = clients.sqs.get_queue_attributes(QueueUrl=other, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    clients.s3.put_bucket_notification_configuration(
        Bucket="nas",
        NotificationConfiguration={
            "QueueConfigurations": [{"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectAcl:Put"]}]
        },
    )
    run("deploy", "--yes", "--only", "queue", "--source-bucket", "nas")
    shown = run("deploy", "--dry-run", "--only", "queue,storage", "--source-bucket", "nas")
    assert '+        "s3:ObjectCreated:*",' in shown.lines
    assert not any(line.startswith("-") and "theirs" in line for line in shown.lines)
    assert len(clients.s3.get_bucket_notification_configuration(Bucket="nas")["QueueConfigurations"]) == 1
    done = run("deploy", "--yes", "--only", "queue,storage", "--source-bucket", "nas")
    assert done.settings["CIS_SOURCE_BUCKETS"] == "nas"
    found = clients.s3.get_bucket_notification_configuration(Bucket="nas")["QueueConfigurations"]
    assert [each["Id"] for each in found] == ["theirs", "cis-worker"]
    assert found[1]["QueueArn"].endswith(":cis-worker-files")
    # The bucket is of its owner: it stays, without a notification to a queue that is gone.
    run("destroy", "--yes", "--delete-data")
    left = clients.s3.get_bucket_notification_configuration(Bucket="nas")["QueueConfigurations"]
    assert [each["Id"] for each in left] == ["theirs"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--parameter", "Nothing=1"], "No template has the parameter Nothing."),
        (["--only", "nothing"], "there are queue, storage, ledger, search, roles"),
        (["--parameter", "Nothing"], "'Nothing' is not KEY=VALUE"),
    ],
)
def test_wrong_options_are_explained(aws: str, run: Run, arguments: list[str], message: str) -> None:
    done = run("deploy", "--yes", *arguments)
    assert done.status in (1, 2)
    assert message in " ".join(line.strip("│ ") for line in done.lines)


def test_a_queue_without_its_companion_stops_it(aws: str, run: Run, clients: Clients) -> None:
    clients.sqs.create_queue(QueueName="cis-worker-files")
    done = run("deploy", "--yes", "--only", "queue")
    assert done.status == 1
    assert "Queue cis-worker-files is there, and the other one is not" in done.text


def test_the_scripts_start_from_any_folder_and_need_a_region(tmp_path: Path) -> None:
    for name in ("deploy", "destroy"):
        help_text = subprocess.run(
            [ROOT / "infra" / name, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        assert f"Usage: infra/{name} [OPTIONS]" in help_text
        assert "--dry-run" in help_text
    missing = {"PATH": "/usr/bin:/bin", "PYTHON": "/nowhere/python"}
    done = subprocess.run(
        [ROOT / "infra" / "deploy"], env=missing, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "make setup" in done.stderr) == (1, True)
