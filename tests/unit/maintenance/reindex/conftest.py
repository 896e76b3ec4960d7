"""A re-index on an OpenSearch in memory, with files in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stand_ins.index_server import IndexServer, MadeIndex
from tests.stand_ins.reindex_setting import ReindexSetting, open_setting
from tests.stand_ins.stored_files import StoredFiles
from tests.unit.world import World
from worker.index.opensearch.schema import files_body


@pytest.fixture
def server() -> Iterator[IndexServer]:
    """With the index that `init` makes."""
    with IndexServer() as made:
        made.indices["files-v2"] = MadeIndex(
            files_body(shards=1, text_dimension=None)["mappings"], aliases={"files"}
        )
        made.indices["images-v1"] = MadeIndex({}, aliases={"images"})
        yield made


@pytest.fixture
def setting(server: IndexServer, world: World) -> Iterator[ReindexSetting]:
    with open_setting(server.url, "", world) as made:
        yield made


@pytest.fixture
def files(world: World, setting: ReindexSetting) -> StoredFiles:
    """Writes to the alias, as workers do."""
    writer = setting.writer("files")
    return StoredFiles(world, lambda document, version: writer.write([(document, version)]))
