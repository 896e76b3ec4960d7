"""What infra/fleet.yaml asks AWS for."""

from __future__ import annotations

import re

import pytest

from tests.stand_ins.stack_template import INFRA, Template, names_in, of_type, substitute, template
from worker.config import Settings, environment_name
from worker.fleet import lifecycle_hook
from worker.fleet.membership import HOOK_TAG

pytestmark = pytest.mark.unit

LAUNCH_TEMPLATES = of_type("fleet.yaml", "AWS::EC2::LaunchTemplate")
DATA = {name: properties["LaunchTemplateData"] for name, properties in LAUNCH_TEMPLATES.items()}
USER_DATA = INFRA / "host" / "user-data.sh"
VALUES = {"Name": "cis-worker"}


def group() -> Template:
    (properties,) = of_type("fleet.yaml", "AWS::AutoScaling::AutoScalingGroup").values()
    return properties


def hook() -> Template:
    (properties,) = of_type("fleet.yaml", "AWS::AutoScaling::LifecycleHook").values()
    return properties


def overrides() -> list[Template]:
    found: list[Template] = group()["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    return found


@pytest.mark.parametrize("name", DATA)
def test_metadata_wants_a_token_ends_at_the_instance_and_shows_its_tags(name: str) -> None:
    assert DATA[name]["MetadataOptions"] == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "enabled",
    }


@pytest.mark.parametrize("name", DATA)
def test_volumes_are_encrypted_and_end_with_their_instance(name: str) -> None:
    volumes = [mapping["Ebs"] for mapping in DATA[name]["BlockDeviceMappings"]]
    assert [(volume["Encrypted"], volume["DeleteOnTermination"]) for volume in volumes] == [(True, True)]
    assert volumes[0]["KmsKeyId"]["Fn::If"] == ["HasKey", {"Ref": "KeyArn"}, {"Ref": "AWS::NoValue"}]


def test_nothing_comes_in() -> None:
    (security_group,) = of_type("fleet.yaml", "AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in security_group
    assert of_type("fleet.yaml", "AWS::EC2::SecurityGroupIngress") == {}
    assert {rule["FromPort"] for rule in security_group["SecurityGroupEgress"]} == {443, 80}
    for data in DATA.values():
        assert data["SecurityGroupIds"] == [{"Ref": "SecurityGroup"}]
        assert not {"KeyName", "NetworkInterfaces"} & set(data)


def test_the_launch_templates_differ_in_nothing_but_their_image() -> None:
    assert set(DATA) == {"LaunchTemplateX86", "LaunchTemplateArm64"}
    for name, architecture in (("X86", "amd64"), ("Arm64", "arm64")):
        newest = f"{{{{resolve:ssm:/aws/service/debian/release/12/latest/{architecture}}}}}"
        image = DATA[f"LaunchTemplate{name}"]["ImageId"]
        assert image == {"Fn::If": [f"HasImage{name}", {"Ref": f"Image{name}"}, newest]}
    x86, arm = ({key: data[key] for key in data if key != "ImageId"} for data in DATA.values())
    assert x86 == arm


def test_no_template_names_an_instance_type_which_attributes_exclude() -> None:
    assert [name for name, data in DATA.items() if {"InstanceType", "InstanceRequirements"} & set(data)] == []


def test_instances_are_chosen_by_attribute_for_both_architectures() -> None:
    makers = {
        override["LaunchTemplateSpecification"]["LaunchTemplateId"]["Ref"]: override["InstanceRequirements"]
        for override in overrides()
    }
    assert makers["LaunchTemplateX86"]["CpuManufacturers"] == ["intel", "amd"]
    assert makers["LaunchTemplateArm64"]["CpuManufacturers"] == ["amazon-web-services"]
    for requirements in makers.values():
        assert requirements["VCpuCount"] == {"Min": {"Ref": "MinVCpus"}, "Max": {"Ref": "MaxVCpus"}}
        assert requirements["BurstablePerformance"] == "excluded"
        # A slot's document process may use so much (CIS_MEMORY_BYTES), and there is a slot a core.
        per_core_bytes = requirements["MemoryGiBPerVCpu"]["Min"] * 1024**3
        assert per_core_bytes >= Settings.model_fields["memory_bytes"].default


def test_each_override_takes_the_newest_version_of_its_template() -> None:
    for override in overrides():
        specification = override["LaunchTemplateSpecification"]
        logical = specification["LaunchTemplateId"]["Ref"]
        assert specification["Version"] == {"Fn::GetAtt": [logical, "LatestVersionNumber"]}


def test_spot_by_price_and_capacity_on_an_on_demand_base() -> None:
    distribution = group()["MixedInstancesPolicy"]["InstancesDistribution"]
    assert distribution == {
        "OnDemandBaseCapacity": {"Ref": "OnDemandBase"},
        "OnDemandPercentageAboveBaseCapacity": 0,
        "OnDemandAllocationStrategy": "lowest-price",  # the only one that attributes allow
        "SpotAllocationStrategy": "price-capacity-optimized",
    }
    assert template("fleet.yaml")["Parameters"]["OnDemandBase"]["Default"] >= 1
    assert group()["CapacityRebalance"] is True


def test_an_update_of_the_stack_leaves_the_number_of_instances() -> None:
    assert "DesiredCapacity" not in group()
    policy = template("fleet.yaml")["Resources"]["Group"]["UpdatePolicy"]
    assert policy["AutoScalingScheduledAction"]["IgnoreUnmodifiedGroupSizeProperties"] is True
    assert "AlarmNotification" in policy["AutoScalingRollingUpdate"]["SuspendProcesses"]


def test_a_fleet_may_be_none() -> None:
    assert template("fleet.yaml")["Parameters"]["MinSize"]["Default"] == 0
    policy = template("fleet.yaml")["Resources"]["Group"]["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert policy["MinInstancesInService"] == 0


def test_protection_is_left_to_the_worker_and_the_oldest_goes_first() -> None:
    assert group()["NewInstancesProtectedFromScaleIn"] is False
    assert group()["TerminationPolicies"] == ["OldestInstance"]


def test_the_hook_waits_for_the_worker_and_lets_go_of_one_that_is_silent() -> None:
    assert hook()["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert hook()["DefaultResult"] == "CONTINUE"
    assert hook()["AutoScalingGroupName"] == {"Ref": "Group"}
    # Two beats may be lost; and a worker that can send none has its whole shutdown timeout.
    assert hook()["HeartbeatTimeout"] >= 3 * lifecycle_hook._HEARTBEAT_S
    assert hook()["HeartbeatTimeout"] > Settings.model_fields["stop_budget_s"].default


def test_an_instance_s_tags_name_the_hook_that_the_worker_completes() -> None:
    tags = {tag["Key"]: tag for tag in group()["Tags"]}
    assert tags[HOOK_TAG]["PropagateAtLaunch"] is True
    assert substitute(tags[HOOK_TAG]["Value"], VALUES) == substitute(hook()["LifecycleHookName"], VALUES)


def test_what_can_be_tagged_is_tagged() -> None:
    def keys(tags: list[Template]) -> set[str]:
        return {tag["Key"] for tag in tags}

    wanted = {"application", "deployment"}
    (security_group,) = of_type("fleet.yaml", "AWS::EC2::SecurityGroup").values()
    assert wanted <= keys(security_group["Tags"])
    assert wanted <= keys(group()["Tags"])
    assert all(tag["PropagateAtLaunch"] for tag in group()["Tags"])
    for data in DATA.values():
        assert wanted <= keys(data["TagSpecifications"][0]["Tags"])


def test_the_group_reports_the_metrics_that_scaling_and_alarms_read() -> None:
    text = "".join((INFRA / name).read_text("utf-8") for name in ("scaling.yaml", "observability.yaml"))
    wanted = set(re.findall(r"\bGroup(?:Desired|In|Max|Terminating|Pending|Total|Standby)\w+", text))
    (collection,) = group()["MetricsCollection"]
    assert wanted <= set(collection["Metrics"])
    assert len(wanted) >= 3


def user_data(data: Template) -> str:
    text: str = data["UserData"]["Fn::Base64"]["Fn::Sub"][0]
    return text


@pytest.mark.parametrize("name", DATA)
def test_the_user_data_is_the_host_s_file(name: str) -> None:
    """`python scripts/embed_user_data.py` copies it: a template can include no file."""
    assert user_data(DATA[name]) == USER_DATA.read_text(encoding="utf-8")


def test_the_user_data_names_only_what_the_template_knows() -> None:
    found, given = template("fleet.yaml"), DATA["LaunchTemplateX86"]["UserData"]["Fn::Base64"]["Fn::Sub"][1]
    known = {*found["Parameters"], *found["Resources"], *given}
    unknown = {name for name in names_in(user_data(DATA["LaunchTemplateX86"])) if "::" not in name} - known
    assert unknown == set()


def test_the_worker_writes_its_log_where_the_template_makes_it() -> None:
    (group_of_logs,) = of_type("fleet.yaml", "AWS::Logs::LogGroup").values()
    assert group_of_logs["RetentionInDays"] > 0
    for data in DATA.values():
        assert data["UserData"]["Fn::Base64"]["Fn::Sub"][1] == {"LogGroupName": {"Ref": "LogGroup"}}


def test_the_settings_in_the_user_data_are_settings() -> None:
    """But for CIS_BEDROCK_REGION where this version has none yet."""
    block = USER_DATA.read_text(encoding="utf-8").partition("<<'END'\n")[2].partition("\nEND\n")[0]
    named = set(re.findall(r"^([A-Z_]+)=", block, re.MULTILINE))
    assert named - {environment_name(field) for field in Settings.model_fields} <= {"CIS_BEDROCK_REGION"}
    assert {"CIS_QUEUE_URL", "CIS_RESULTS_BUCKET", "CIS_FILE_TABLE", "OPENSEARCH_ENDPOINT"} <= named


def test_a_fleet_without_wheel_and_image_is_refused_before_anything_is_made() -> None:
    (rule,) = template("fleet.yaml")["Rules"].values()
    empty = [{"Fn::Equals": [{"Ref": name}, ""]} for name in ("PackageUrl", "ImageUri")]
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::And": empty}]}
    pattern = template("fleet.yaml")["Parameters"]["ImageUri"]["AllowedPattern"]
    assert re.fullmatch(pattern, f"ghcr.io/o/r@sha256:{'0' * 64}")
    assert not re.fullmatch(pattern, "ghcr.io/o/r:1.2.3")  # a tag may move


def test_every_parameter_is_used_and_the_template_fits_without_a_bucket() -> None:
    text = (INFRA / "fleet.yaml").read_text(encoding="utf-8")
    body = text.partition("\nConditions:")[2]
    unused = [name for name in template("fleet.yaml")["Parameters"] if not re.search(rf"\b{name}\b", body)]
    assert unused == []
    assert len(text.encode()) <= 51_200  # the longest that CloudFormation takes inline


def test_user_data_fits_into_an_instance() -> None:
    assert len(USER_DATA.read_bytes()) < 16_384 - 2_048  # room for the values
