"""What an earlier deployment kept, and the parameters that have its stacks used and not made again."""

from __future__ import annotations

from dataclasses import dataclass

from infra.stacks.account import Account
from infra.stacks.errors import DeployError
from infra.stacks.stack_client import StackClient


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptResources:
    """Finds data that lies outside of its stack, as after infra/destroy or a creation that failed."""

    account: Account
    stacks: StackClient
    name: str

    def parameters(self, template: str, stack: str, *, source_bucket: str) -> dict[str, str]:
        """The parameters of a template that depend on what is there. Raises DeployError."""
        made = self.stacks.resources(stack)
        match template:
            case "queue":
                return self._queues(made)
            case "storage":
                return self._buckets(made, source_bucket)
            case "ledger":
                is_kept = "Table" not in made and self.account.has_table(f"{self.name}-files")
                return {"TableExists": _flag(is_kept)}
            case "search":
                return self._domain(made)
        return {}

    def results_bucket(self) -> str:
        """The name of the results bucket."""
        return f"{self.name}-results-{self.account.number}-{self.account.region_name}"

    def source_bucket(self) -> str:
        """The name of a source bucket that is made."""
        return f"{self.name}-source-{self.account.number}-{self.account.region_name}"

    def _queues(self, made: dict[str, tuple[str, str]]) -> dict[str, str]:
        if "Queue" in made:
            return {"QueuesExist": "false"}
        names = (f"{self.name}-files", f"{self.name}-files-dlq")
        found = [name for name in names if self.account.queue_url(name)]
        if len(found) == 1:
            raise DeployError(
                f"Queue {found[0]} is there, and the other one is not: a deployment was removed in part. "
                "Move its messages elsewhere, delete it, and run this again a minute later."
            )
        return {"QueuesExist": _flag(bool(found))}

    def _buckets(self, made: dict[str, tuple[str, str]], source: str) -> dict[str, str]:
        is_source_ours = made.get("SourceBucket", ("", ""))[1] == source
        is_results_kept = "ResultsBucket" not in made and self.account.has_bucket(self.results_bucket())
        return {
            "SourceBucketExists": _flag(not is_source_ours and self.account.has_bucket(source)),
            "ResultsBucketExists": _flag(is_results_kept),
        }

    def _domain(self, made: dict[str, tuple[str, str]]) -> dict[str, str]:
        if "Domain" in made:
            return {}
        endpoint = self.account.domain_endpoint(f"{self.name}-search")
        if endpoint is None:
            return {}
        if not endpoint:
            raise DeployError(
                f"Domain {self.name}-search has no endpoint yet, or is being deleted: wait for it."
            )
        place = f"{self.account.partition}:es:{self.account.region_name}:{self.account.number}"
        arn = f"arn:{place}:domain/{self.name}-search"
        return {"ExistingSearchEndpoint": endpoint, "ExistingSearchDomainArn": arn}


def _flag(value: bool) -> str:
    return "true" if value else "false"
