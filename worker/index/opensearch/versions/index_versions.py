"""IndexVersions: the files indices of one prefix, which of them the alias leads to, and the next one.

What an index was made from, and whether that is finished, is in its own `_meta`: a command that was killed
goes on from there, on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from worker.errors import MisconfiguredError
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion
from worker.index.opensearch.calls import ClusterCalls
from worker.index.opensearch.client import IndexMissingError, OpenSearch, read_answer
from worker.index.opensearch.schema import ANALYSIS, FILES, Json, files_body, index_name, stated_analysis

_REINDEX = "reindex"
_FROM, _DONE, _SWITCHED_AT = "from", "done", "switched_at"

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexVersion:
    """One files index. `analysis` is None where it is of before there were streams.

    `made_from` is the index that it was made from by a re-index, which is finished when `is_done`;
    `switched_at` (ISO 8601) is when the alias was led to it.
    """

    name: str
    analysis: AnalysisVersion | None = None
    made_from: str = ""
    is_done: bool = True
    switched_at: str = ""

    @property
    def is_writable(self) -> bool:
        """Whether this process makes the tokens that it has."""
        return self.analysis is not None and self.analysis.is_writable(OWN_ANALYSIS)


class IndexVersions:
    """Raises the errors of `translate_errors`, and MisconfiguredError where an operator must decide."""

    def __init__(
        self,
        client: OpenSearch,
        *,
        calls: ClusterCalls,
        prefix: str,
        shards: int,
        text_dimension: int | None,
    ) -> None:
        self._client, self._calls = client, calls
        self.alias = f"{prefix}{FILES}"
        self.next_alias = f"{prefix}{FILES}-next"
        """Leads to the index that is being filled: a write to an alias never makes an index by guess."""
        self._newest = index_name(prefix, FILES)
        self._body = files_body(shards=shards, text_dimension=text_dimension)

    def current(self) -> IndexVersion:
        """The index that is searched and written to."""
        try:
            found = self._read(self.alias)
        except IndexMissingError as error:
            raise MisconfiguredError(
                f"There is no index behind {self.alias}, and so none to make another from: "
                "`cis-worker init` creates it."
            ) from error
        if len(found) != 1:
            raise MisconfiguredError(
                f"{self.alias} leads to {len(found)} indices ({', '.join(sorted(found))}): leave it at the "
                "one that is written to."
            )
        (version,) = found.values()
        if version.name == self.alias:
            raise MisconfiguredError(
                f"{self.alias} is an index and no alias, so that nothing can be put in its place: set "
                "CIS_INDEX_PREFIX to an unused prefix, and run `cis-worker init`."
            )
        return version

    def find(self, name: str) -> IndexVersion | None:
        """The index of this name, None where there is none."""
        try:
            return self._read(name).get(name) if name else None
        except IndexMissingError:
            return None

    def is_newest(self, version: IndexVersion) -> bool:
        """Whether an index has the mapping and the analysis of this process."""
        return self._is_of_newest_mapping(version.name) and version.analysis == OWN_ANALYSIS

    def find_begun(self, current: IndexVersion, *, only_unfinished: bool) -> IndexVersion | None:
        """The last index that was made from `current` as this process makes it.

        An earlier run began to fill it; or it was searched and the alias was led back, unless
        `only_unfinished`.
        """
        begun = [
            each
            for each in self._read(f"{self._newest}*").values()
            if each.made_from == current.name and each.name != current.name and self.is_newest(each)
        ]
        if only_unfinished:
            begun = [each for each in begun if not each.is_done]
        return max(begun, key=lambda each: self._number(each.name), default=None)

    def prepare(self, current: IndexVersion, begun: IndexVersion | None) -> IndexVersion:
        """The index to fill from `current`, a new one where none was begun; `next_alias` leads to it."""
        target = begun or self._create(current)
        self._lead(self.next_alias, to=target.name)
        return target

    def switch(self, current: IndexVersion, target: IndexVersion) -> IndexVersion:
        """Lead the alias from one index to another, at once for all; returns the other as it is then."""
        if target.made_from == current.name:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            target = self._mark(replace(target, is_done=False, switched_at=at))
        actions: list[Json] = [
            {"remove": {"index": current.name, "alias": self.alias}},
            {"add": {"index": target.name, "alias": self.alias, "is_write_index": True}},
        ]
        self._call(
            f"lead {self.alias} to {target.name}",
            lambda: self._client.indices.update_aliases(body={"actions": actions}),
        )
        return target

    def finish(self, target: IndexVersion) -> IndexVersion:
        """Write down that an index has all that the one before it had."""
        self._lead(self.next_alias, to=None)
        return self._mark(replace(target, is_done=True))

    def remove(self, name: str) -> None:
        """Delete an index."""
        self._call(f"delete index {name}", lambda: self._client.indices.delete(index=name))

    def _create(self, current: IndexVersion) -> IndexVersion:
        name = self._next_name({*self._read(f"{self._newest}*"), current.name})
        target = IndexVersion(name=name, analysis=OWN_ANALYSIS, made_from=current.name, is_done=False)
        body = {**self._body, "mappings": {**self._body["mappings"], "_meta": _meta_of(target)}}
        self._call(f"create index {name}", lambda: self._client.indices.create(index=name, body=body))
        return target

    def _mark(self, version: IndexVersion) -> IndexVersion:
        body = {"_meta": _meta_of(version)}
        self._call(
            f"note the state of {version.name}",
            lambda: self._client.indices.put_mapping(index=version.name, body=body),
        )
        return version

    def _lead(self, alias: str, *, to: str | None) -> None:
        try:
            led = set(self._read(alias))
        except IndexMissingError:
            led = set()
        actions: list[Json] = [{"remove": {"index": name, "alias": alias}} for name in led - {to}]
        if to is not None:
            actions.append({"add": {"index": to, "alias": alias, "is_write_index": True}})
        if actions:
            self._call(
                f"lead {alias} to {to or 'nothing'}",
                lambda: self._client.indices.update_aliases(body={"actions": actions}),
            )

    def _next_name(self, taken: set[str]) -> str:
        number = 1
        while (name := self._newest if number == 1 else f"{self._newest}-{number}") in taken:
            number += 1
        return name

    def _is_of_newest_mapping(self, name: str) -> bool:
        return name == self._newest or name.startswith(f"{self._newest}-")

    def _number(self, name: str) -> int:
        rest = name.removeprefix(self._newest).removeprefix("-")
        return int(rest) if rest.isdecimal() else 1

    def _read(self, name: str) -> dict[str, IndexVersion]:
        what = f"read the mapping of {name}"
        mappings = self._call(what, lambda: self._client.indices.get_mapping(index=name))
        with read_answer(what):
            return {each: _version_of(each, mappings[each]["mappings"]) for each in mappings}

    def _call(self, what: str, function: Callable[[], _Result]) -> _Result:
        return self._calls.call(what, function)


def _version_of(name: str, mapping: Mapping[str, Any]) -> IndexVersion:
    made = mapping.get("_meta", {}).get(_REINDEX, {})
    return IndexVersion(
        name=name,
        analysis=stated_analysis(mapping),
        made_from=made.get(_FROM, ""),
        is_done=made.get(_DONE, True),
        switched_at=made.get(_SWITCHED_AT, ""),
    )


def _meta_of(version: IndexVersion) -> Json:
    made = {_FROM: version.made_from, _DONE: version.is_done, _SWITCHED_AT: version.switched_at}
    return {ANALYSIS: str(version.analysis), _REINDEX: made}
