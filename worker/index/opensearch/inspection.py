"""Read-only checks of a cluster and its indices, for the operator's commands."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from worker.errors import RejectedError
from worker.index.analysis_version import AnalysisVersion
from worker.index.opensearch.client import (
    IndexMissingError,
    OpenSearch,
    read_answer,
    translate_errors,
)
from worker.index.opensearch.provisioning import IndexMaker
from worker.index.opensearch.schema import (
    FILES,
    IMAGE_DIMENSION,
    IMAGES,
    files_body,
    images_body,
    newest,
    stated_analysis,
)

_PROBE = "営業報告書"
_PROBE_WORD = "営業"
_BLOCKS = {
    "read_only_allow_delete": "takes no writes, because a disk is nearly full (flood stage)",
    "read_only": "was made read-only (index.blocks.read_only)",
    "write": "was closed to writes (index.blocks.write)",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterFacts:
    """Version and health of the cluster; `kuromoji` is whether the analysis plugin is installed."""

    version: str
    status: str
    kuromoji: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFacts:
    """The index behind an alias.

    `words` is the tokenization of 営業報告書, `missing_fields` names the fields that the worker writes and
    the mapping lacks, `analysis` is that of its streams, None where it has none.
    """

    name: str
    documents: int
    missing_fields: tuple[str, ...]
    words: tuple[str, ...] = ()
    vector: Mapping[str, Any] | None = None
    analysis: AnalysisVersion | None = None

    @property
    def knows_japanese(self) -> bool:
        """Whether text is tokenized into Japanese words."""
        return _PROBE_WORD in self.words

    @property
    def takes_vectors(self) -> bool:
        """Whether an image vector fits."""
        return self.vector is not None and self.vector.get("dimension") == IMAGE_DIMENSION


class IndexInspection:
    """Inspects the cluster and the indices of one prefix.

    Every method raises MisconfiguredError (forbidden) or UnavailableError.
    """

    def __init__(self, client: OpenSearch, *, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def cluster(self) -> ClusterFacts:
        """Version, health and plugins of the cluster."""
        what = "read the version of OpenSearch"
        with translate_errors(what):
            info, health = self._client.info(), self._client.cluster.health()
        with read_answer(what):
            version, status = info["version"]["number"], health["status"]
        kuromoji = False
        with suppress(RejectedError), translate_errors("tokenize a word with kuromoji"):
            self._client.indices.analyze(body={"tokenizer": "kuromoji_tokenizer", "text": _PROBE})
            kuromoji = True
        return ClusterFacts(version=version, status=status, kuromoji=kuromoji)

    def files(self) -> IndexFacts | None:
        """The index of documents, None where its alias is missing."""
        alias = f"{self._prefix}{FILES}"
        found = self._mapping(alias)
        if found is None:
            return None
        name, mapping = found
        words: tuple[str, ...] = ()
        what = f"analyse a word in {alias}"
        with suppress(RejectedError), translate_errors(what):
            answer = self._client.indices.analyze(index=alias, body={"field": "ocr_text", "text": _PROBE})
            with read_answer(what):
                words = tuple(token["token"] for token in answer["tokens"])
        wanted = files_body(shards=1, text_dimension=None)["mappings"]["properties"]
        return IndexFacts(
            name=name,
            documents=self._count(alias),
            missing_fields=_missing_fields(wanted, mapping.get("properties", {})),
            words=words,
            analysis=stated_analysis(mapping),
        )

    def images(self) -> IndexFacts | None:
        """The index of image vectors, None where its alias is missing."""
        alias = f"{self._prefix}{IMAGES}"
        found = self._mapping(alias)
        if found is None:
            return None
        name, mapping = found
        fields = mapping.get("properties", {})
        return IndexFacts(
            name=name,
            documents=self._count(alias),
            missing_fields=_missing_fields(images_body(shards=1)["mappings"]["properties"], fields),
            vector=fields.get("image_vector"),
        )

    def missing_aliases(self) -> list[str]:
        """The aliases that do not exist."""
        return IndexMaker(self._client, prefix=self._prefix, shards=1, text_dimension=None).missing_aliases()

    def blocks(self) -> tuple[str, ...]:
        """Why the indices take no writes, one clause an index and block; empty where they take them."""
        what = f"read the settings of {self._prefix}{FILES} and {self._prefix}{IMAGES}"
        aliases = f"{self._prefix}{FILES},{self._prefix}{IMAGES}"
        with translate_errors(what):
            indices = self._client.indices.get_settings(
                index=aliases, name="index.blocks.*", ignore_unavailable="true"
            )
        with read_answer(what):
            return tuple(
                f"{name} {_BLOCKS[block]}"
                for name, index in sorted(indices.items())
                for block, is_set in index["settings"].get("index", {}).get("blocks", {}).items()
                if block in _BLOCKS and is_set == "true"
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _mapping(self, alias: str) -> tuple[str, Mapping[str, Any]] | None:
        """The name of the (newest) index behind an alias, and its mapping."""
        what = f"read the mapping of {alias}"
        try:
            with translate_errors(what):
                mappings = self._client.indices.get_mapping(index=alias)
        except IndexMissingError:
            return None
        with read_answer(what):
            name = newest(mappings)
            return name, mappings[name]["mappings"]

    def _count(self, alias: str) -> int:
        what = f"count {alias}"
        with translate_errors(what):
            answer = self._client.count(index=alias)
        with read_answer(what):
            return int(answer["count"])


def _missing_fields(wanted: Mapping[str, Any], there: Mapping[str, Any], at: str = "") -> tuple[str, ...]:
    """The fields that are missing, or of a type with which they are not found as they should be."""
    lacking: list[str] = []
    for name, field in wanted.items():
        kind = field.get("type")
        if name not in there:
            lacking.append(f"{at}{name}")
        elif kind is not None and there[name].get("type") != kind:
            lacking.append(f"{at}{name} as {kind}")
        elif "properties" in field:
            lacking += _missing_fields(field["properties"], there[name].get("properties", {}), f"{at}{name}.")
    return tuple(lacking)
