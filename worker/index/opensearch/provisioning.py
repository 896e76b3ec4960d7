"""Creation of the versioned indices and their aliases where they are missing.

Existing indices are left unchanged, except that a files index gets the field of text vectors when a text
model is enabled later.
"""

from __future__ import annotations

from worker.index.opensearch.client import OpenSearch, RequestError, read_answer, translate_errors
from worker.index.opensearch.schema import FILES, IMAGES, Json, files_body, images_body, index_name

ALREADY_EXISTS = "resource_already_exists_exception"


class IndexMaker:
    """Creates the indices of one prefix. Raises the errors of `translate_errors`."""

    def __init__(self, client: OpenSearch, *, prefix: str, shards: int, text_dimension: int | None) -> None:
        self._client = client
        self._prefix = prefix
        self._shards = shards
        self._text_dimension = text_dimension

    def missing_aliases(self) -> list[str]:
        """The aliases that do not exist."""
        aliases = (f"{self._prefix}{alias}" for alias in (FILES, IMAGES))
        return [alias for alias in aliases if not self._has_alias(alias)]

    def make_files(self) -> bool:
        """Create the files index, or add its field of text vectors; False where both exist already."""
        body = files_body(shards=self._shards, text_dimension=self._text_dimension)
        return self._make(FILES, body) or (self._text_dimension is not None and self._add_text_vectors())

    def make_images(self) -> bool:
        """Create the images index; False where its alias exists already."""
        return self._make(IMAGES, images_body(shards=self._shards))

    def _make(self, name: str, body: Json) -> bool:
        alias, index = f"{self._prefix}{name}", index_name(self._prefix, name)
        if self._has_alias(alias):
            return False
        with translate_errors(f"create index {index} with alias {alias}"):
            try:
                self._client.indices.create(
                    index=index, body={**body, "aliases": {alias: {"is_write_index": True}}}
                )
            except RequestError as error:
                if error.error != ALREADY_EXISTS:
                    raise
                # Another worker created it in the meantime, or only its alias was removed.
                self._client.indices.put_alias(index=index, name=alias, body={"is_write_index": True})
        return True

    def _add_text_vectors(self) -> bool:
        alias = f"{self._prefix}{FILES}"
        body = files_body(shards=self._shards, text_dimension=self._text_dimension)
        wanted = body["mappings"]["properties"]["pages"]["properties"]["text_vector"]
        what = f"add text vectors to {alias}"
        with translate_errors(what):
            mappings = self._client.indices.get_mapping(index=alias)
            with read_answer(what):
                fields = [index["mappings"].get("properties", {}) for index in mappings.values()]
                has_vectors = [
                    "text_vector" in each.get("pages", {}).get("properties", {}) for each in fields
                ]
            if all(has_vectors):
                return False
            field = {"pages": {"type": "nested", "properties": {"text_vector": wanted}}}
            self._client.indices.put_mapping(index=alias, body={"properties": field})
        return True

    def _has_alias(self, alias: str) -> bool:
        with translate_errors(f"check alias {alias}"):
            return bool(self._client.indices.exists_alias(name=alias))
