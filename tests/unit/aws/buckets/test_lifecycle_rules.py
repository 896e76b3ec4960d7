"""Our lifecycle rules beside those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from worker.aws.buckets.lifecycle_rules import LifecycleRule, merge_rules, read_rules, shortest_expiry
from worker.errors import ServiceRefusedError

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit

OURS = (
    LifecycleRule(name="checkpoints", prefix="checkpoints/", expire_days=30),
    LifecycleRule(name="uploads", prefix="", abort_days=7),
)
# The three places in which S3 knows a prefix, and a rule that is switched off.
THEIRS: list[Any] = [
    {"ID": "old", "Prefix": "x/", "Status": "Enabled", "Expiration": {"Days": 1}},
    {
        "ID": "tagged",
        "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "a", "Value": "b"}]}},
        "Status": "Enabled",
        "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
    },
    {"ID": "off", "Filter": {"Prefix": "y/"}, "Status": "Disabled", "Expiration": {"Days": 2}},
]


def _rules(world: World) -> list[Any]:
    return world.clients.s3.get_bucket_lifecycle_configuration(Bucket="results")["Rules"]


def _put(world: World, rules: list[Any]) -> None:
    world.clients.s3.put_bucket_lifecycle_configuration(
        Bucket="results", LifecycleConfiguration={"Rules": rules}
    )


def test_a_bucket_without_rules_gets_ours(world: World) -> None:
    assert merge_rules(world.clients.s3, "results", OURS) == list(OURS)
    checkpoints, uploads = _rules(world)
    assert checkpoints == {
        "ID": "cis-worker-checkpoints",
        "Filter": {"Prefix": "checkpoints/"},
        "Status": "Enabled",
        "Expiration": {"Days": 30},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    assert uploads["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_the_rules_of_others_stay_as_they_are(world: World) -> None:
    _put(world, THEIRS)
    before = _rules(world)
    merge_rules(world.clients.s3, "results", OURS)
    assert _rules(world)[:3] == before
    assert [rule["ID"] for rule in _rules(world)[3:]] == ["cis-worker-checkpoints", "cis-worker-uploads"]


def test_the_second_time_nothing_is_written(world: World) -> None:
    merge_rules(world.clients.s3, "results", OURS)
    world.fail("s3", "PutBucketLifecycleConfiguration")
    assert merge_rules(world.clients.s3, "results", OURS) == []


@pytest.mark.parametrize("change", [{"Expiration": {"Days": 3}}, {"Status": "Disabled"}])
def test_a_rule_of_ours_that_was_changed_is_set_again(world: World, change: dict[str, Any]) -> None:
    merge_rules(world.clients.s3, "results", OURS)
    _put(world, [{**_rules(world)[0], **change}, _rules(world)[1]])
    assert merge_rules(world.clients.s3, "results", OURS) == [OURS[0]]
    assert _rules(world)[0]["Expiration"]["Days"] == 30
    assert {rule["Status"] for rule in _rules(world)} == {"Enabled"}


def test_a_dry_run_says_what_would_change_and_writes_nothing(world: World) -> None:
    assert merge_rules(world.clients.s3, "results", OURS, dry_run=True) == list(OURS)
    assert read_rules(world.clients.s3, "results") == []


def test_a_setting_of_the_whole_configuration_is_sent_back(world: World) -> None:
    _put(world, THEIRS)
    sent: list[Any] = []
    events = world.clients.s3.meta.events

    def answer(parsed: dict[str, Any], **_: Any) -> None:
        parsed["TransitionDefaultMinimumObjectSize"] = "varies_by_storage_class"

    events.register("after-call.s3.GetBucketLifecycleConfiguration", answer)
    events.register(
        "provide-client-params.s3.PutBucketLifecycleConfiguration",
        lambda params, **_: sent.append(params.get("TransitionDefaultMinimumObjectSize")),
    )
    merge_rules(world.clients.s3, "results", OURS)
    assert sent == ["varies_by_storage_class"]


def test_rules_are_read_with_the_objects_they_apply_to(world: World) -> None:
    _put(world, THEIRS)
    assert read_rules(world.clients.s3, "results") == [
        LifecycleRule(name="old", prefix="x/", expire_days=1),
        LifecycleRule(name="tagged", prefix="logs/", is_partial=True),
    ]


def test_a_rule_meets_what_is_above_and_below_its_prefix() -> None:
    rule = LifecycleRule(name="a", prefix="artifacts/ab", expire_days=5)
    assert rule.meets("artifacts/")
    assert rule.meets("artifacts/abc/")
    assert not rule.meets("vectors/")
    assert (rule.covers("artifacts/"), rule.covers("artifacts/ab/")) == (False, True)
    more = LifecycleRule(name="b", prefix="", expire_days=9)
    assert shortest_expiry([more, rule], "artifacts/") == 5
    assert shortest_expiry([more, rule], "vectors/") == 9
    assert shortest_expiry([rule], "vectors/") is None


def test_a_bucket_that_is_missing_is_a_misconfiguration(world: World) -> None:
    with pytest.raises(ServiceRefusedError, match="lifecycle rules of bucket none"):
        merge_rules(world.clients.s3, "none", OURS)
