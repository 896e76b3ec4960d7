"""The templates of infra/: clean, small, and with the properties that no stand-in shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.stacks.settings import export_lines, settings_of
from infra.stacks.template import FOLDER, ORDER, Template, load_templates
from worker.aws.buckets.lifecycle_rules import rule_id
from worker.aws.ledger_row import PENDING
from worker.aws.provisioning import RETENTION_S
from worker.operation.retention import RESULTS_RULES

pytestmark = pytest.mark.unit

TEMPLATES = {template.name: template for template in load_templates()}
DATA = {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::OpenSearchService::Domain"}
OWN = ("queue", "storage", "ledger", "search", "roles")


def properties(template: str, logical_id: str) -> Any:
    return TEMPLATES[template].resources[logical_id]["Properties"]


def test_cfn_lint_finds_nothing_not_even_for_information() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    paths = [str(FOLDER / f"{name}.yaml") for name in TEMPLATES]
    done = subprocess.run(
        [program, "--include-checks", "I", "--", *paths], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_order_has_every_template_there_is() -> None:
    assert {path.stem for path in FOLDER.glob("[a-z]*.yaml")} == set(ORDER)
    assert set(OWN) <= set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_fits_a_request_and_has_few_parameters_which_say_what_they_are(name: str) -> None:
    template = TEMPLATES[name]
    assert not template.is_too_long
    assert len(template.parameters) <= 30
    assert [key for key, declared in template.parameters.items() if "Description" not in declared] == []


@pytest.mark.parametrize("name", OWN)
def test_data_stores_and_roles_can_be_made_without_a_parameter(name: str) -> None:
    assert TEMPLATES[name].required == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_data_is_kept_and_tagged(name: str) -> None:
    for logical_id, resource in TEMPLATES[name].resources.items():
        if resource["Type"] in DATA:
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", logical_id
            assert {tag["Key"] for tag in resource["Properties"]["Tags"]} >= {"application", "deployment"}


def test_the_queues_are_those_that_init_makes() -> None:
    queue, dlq = properties("queue", "Queue"), properties("queue", "DeadLetterQueue")
    assert queue["MessageRetentionPeriod"] == dlq["MessageRetentionPeriod"] == RETENTION_S
    assert (queue["RedrivePolicy"]["maxReceiveCount"], queue["ReceiveMessageWaitTimeSeconds"]) == (100, 20)
    assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["HasKey", {"Ref": "AWS::NoValue"}, True]}


def test_only_the_bucket_of_this_account_may_send() -> None:
    allow, deny = properties("queue", "QueuePolicy")["PolicyDocument"]["Statement"]
    assert (allow["Principal"], allow["Action"]) == ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage")
    assert set(allow["Condition"]) == {"ArnEquals", "StringEquals"}
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@pytest.mark.parametrize("logical_id", ["SourceBucket", "ResultsBucket"])
def test_the_buckets_are_private_and_encrypted(logical_id: str) -> None:
    bucket = properties("storage", logical_id)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == {
        "Fn::If": ["HasKey", "aws:kms", "AES256"]
    }
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (statement,) = properties("storage", f"{logical_id}Policy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")


def test_the_rules_of_the_results_bucket_are_those_that_init_sets() -> None:
    rules = {
        each["Id"]: each for each in properties("storage", "ResultsBucket")["LifecycleConfiguration"]["Rules"]
    }
    for wanted in RESULTS_RULES:
        rule = rules[rule_id(wanted)]
        abort = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
        found = (rule["Status"], rule["Prefix"], rule.get("ExpirationInDays"), abort)
        assert found == ("Enabled", wanted.prefix, wanted.expire_days, wanted.abort_days)
    # Nothing that is current expires but what those say.
    assert [
        name for name, rule in rules.items() if "ExpirationInDays" in rule and "cis-worker" not in name
    ] == []


def test_the_bucket_announces_all_that_the_worker_understands() -> None:
    _, configured, _ = properties("storage", "SourceBucket")["NotificationConfiguration"]["Fn::If"]
    events = {each["Event"] for each in configured["QueueConfigurations"]}
    assert events == {
        *("s3:ObjectCreated:*", "s3:ObjectRemoved:*"),
        *("s3:ObjectRestore:Completed", "s3:LifecycleExpiration:*", "s3:ObjectTagging:*"),
    }


def test_the_table_is_the_ledger_and_can_be_brought_back() -> None:
    table = properties("ledger", "Table")
    assert table["KeySchema"] == [{"AttributeName": "file_id", "KeyType": "HASH"}]
    (index,) = table["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == (PENDING, {"ProjectionType": "KEYS_ONLY"})
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["DeletionProtectionEnabled"] is True


def test_the_domain_takes_signed_requests_of_this_account_over_tls_only() -> None:
    domain = properties("search", "Domain")
    assert domain["EngineVersion"].startswith("OpenSearch_2.")
    assert domain["DomainEndpointOptions"]["EnforceHTTPS"] is True
    assert domain["EncryptionAtRestOptions"]["Enabled"] is True
    assert domain["NodeToNodeEncryptionOptions"] == {"Enabled": True}
    (statement,) = domain["AccessPolicies"]["Statement"]
    assert statement["Principal"]["AWS"]["Fn::Sub"].endswith("iam::${AWS::AccountId}:root")


def test_what_is_there_already_is_not_made() -> None:
    made = TEMPLATES["storage"].made_with
    everything = {"SourceBucket", "SourceBucketPolicy", "ResultsBucket", "ResultsBucketPolicy"}
    assert set(made({})) == everything
    assert set(made({"SourceBucketExists": "true"})) == {"ResultsBucket", "ResultsBucketPolicy"}
    assert set(TEMPLATES["ledger"].made_with({"TableExists": "true"})) == {"Nothing"}
    assert set(TEMPLATES["search"].made_with({"ExistingSearchEndpoint": "https://x"})) == {"Nothing"}
    assert "Domain" in TEMPLATES["search"].made_with({})
    roles = TEMPLATES["roles"]
    extra = set(roles.made_with({"KeyArn": "arn:k", "SearchDomainArn": "arn:d"})) - set(roles.made_with({}))
    assert extra == {"KeyPolicy", "WorkerIndexPolicy", "OperatorIndexPolicy"}


def test_conditions_are_decided_as_cloudformation_does() -> None:
    template = Template(
        "x",
        """
Parameters: {A: {Type: String, Default: ""}, L: {Type: CommaDelimitedList, Default: ""}}
Conditions:
  HasA: !Not [!Equals [!Ref A, ""]]
  HasL: !Not [!Equals [!Join ["", !Ref L], ""]]
  Both: !And [!Condition HasA, !Condition HasL]
  Any: !Or [!Condition HasA, !Condition HasL]
Resources:
  Both: {Type: T, Condition: Both}
  Any: {Type: T, Condition: Any}
""",
    )
    assert set(template.made_with({})) == set()
    assert set(template.made_with({"A": "1"})) == {"Any"}
    assert set(template.made_with({"A": "1", "L": "x,y"})) == {"Any", "Both"}


def test_settings_are_those_of_what_was_deployed() -> None:
    values = {"QueueUrl": "https://q", "SearchEndpoint": "https://search-x.ap-northeast-1.es.amazonaws.com"}
    settings = settings_of(values, region="ap-northeast-1")
    assert settings == {
        "AWS_REGION": "ap-northeast-1",
        "CIS_QUEUE_URL": "https://q",
        "CIS_INDEX": "opensearch",
        "OPENSEARCH_ENDPOINT": values["SearchEndpoint"],
        "CIS_OPENSEARCH_AUTH": "sigv4",
    }
    assert "CIS_OPENSEARCH_AUTH" not in settings_of({"SearchEndpoint": "http://10.0.0.7:9200"}, region="r")
    assert export_lines({"A": "b c"}) == ["export A='b c'"]
