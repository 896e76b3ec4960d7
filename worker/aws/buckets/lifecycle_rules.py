"""The lifecycle rules of a bucket: read, and merged by their ids with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from worker.aws.translation import translate_errors
from worker.resilience.error_classification import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef

_ID = "cis-worker"


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecycleRule:
    """What S3 does to the objects under a prefix.

    `expire_days` deletes them (and, where the bucket keeps versions, those a day later), `abort_days` removes
    the parts of uploads that were never completed. `is_partial` rules have filters beside their prefix.
    """

    name: str
    prefix: str
    expire_days: int | None = None
    abort_days: int | None = None
    is_partial: bool = False

    def meets(self, prefix: str) -> bool:
        """Whether it may apply to some object under a prefix."""
        return prefix.startswith(self.prefix) or self.prefix.startswith(prefix)

    def covers(self, prefix: str) -> bool:
        """Whether it applies to every object under a prefix."""
        return prefix.startswith(self.prefix) and not self.is_partial


def read_rules(client: S3Client, bucket: str) -> list[LifecycleRule]:
    """The rules in force; those that neither expire objects nor abort uploads have no days.

    Raises ServiceRefusedError without the right to read them.
    """
    with translate_errors(f"read the lifecycle rules of bucket {bucket}"):
        rules = _configuration(client, bucket).get("Rules", [])
    return [_to_rule(rule) for rule in rules if rule["Status"] == "Enabled"]


def merge_rules(
    client: S3Client, bucket: str, rules: Sequence[LifecycleRule], *, dry_run: bool = False
) -> list[LifecycleRule]:
    """Put our rules beside those that are there; returns the ones that are new or were changed.

    Rules with other ids stay as they are.
    """
    with translate_errors(f"set the lifecycle rules of bucket {bucket}"):
        configuration = _configuration(client, bucket)
        there = configuration.get("Rules", [])
        wanted = {rule_id(rule): _to_wire(rule) for rule in rules}
        present = {each.get("ID"): _to_rule(each) for each in there if each["Status"] == "Enabled"}
        changed = [rule for rule in rules if not _is_same(rule, present.get(rule_id(rule)))]
        if changed and not dry_run:
            others = [each for each in there if each.get("ID") not in wanted]
            # S3 would replace it by its default.
            size = configuration.get("TransitionDefaultMinimumObjectSize")
            more: dict[str, Any] = {"TransitionDefaultMinimumObjectSize": size} if size else {}
            client.put_bucket_lifecycle_configuration(
                Bucket=bucket, LifecycleConfiguration={"Rules": [*others, *wanted.values()]}, **more
            )
    return changed


def rule_id(rule: LifecycleRule) -> str:
    """The id by which a rule of ours is found again."""
    return f"{_ID}-{rule.name}"


def shortest_expiry(rules: Iterable[LifecycleRule], prefix: str) -> int | None:
    """After how many days the first object under a prefix may be gone; None where no rule expires any."""
    return min((rule.expire_days for rule in rules if rule.expire_days and rule.meets(prefix)), default=None)


def _configuration(client: S3Client, bucket: str) -> dict[str, Any]:
    try:
        return {**client.get_bucket_lifecycle_configuration(Bucket=bucket)}
    except ClientError as error:
        if error_code(error) != "NoSuchLifecycleConfiguration":
            raise
        return {}


def _is_same(wanted: LifecycleRule, present: LifecycleRule | None) -> bool:
    if present is None or present.is_partial:
        return False
    return (wanted.prefix, wanted.expire_days, wanted.abort_days) == (
        present.prefix,
        present.expire_days,
        present.abort_days,
    )


def _to_rule(rule: LifecycleRuleOutputTypeDef) -> LifecycleRule:
    """A rule as S3 returns it; its prefix may stand in any of three places."""
    found: Any = rule.get("Filter") or {}
    both: Any = found.get("And") or {}
    prefix = rule.get("Prefix") or found.get("Prefix") or both.get("Prefix") or ""
    return LifecycleRule(
        name=rule.get("ID", ""),
        prefix=prefix,
        expire_days=rule.get("Expiration", {}).get("Days"),
        abort_days=rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        is_partial=bool(set(found) - {"Prefix", "And"} or set(both) - {"Prefix"}),
    )


def _to_wire(rule: LifecycleRule) -> LifecycleRuleOutputTypeDef:
    wire: LifecycleRuleOutputTypeDef = {
        "ID": rule_id(rule),
        "Filter": {"Prefix": rule.prefix},
        "Status": "Enabled",
    }
    if rule.expire_days:
        wire["Expiration"] = {"Days": rule.expire_days}
        wire["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
    if rule.abort_days:
        wire["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule.abort_days}
    return wire
