"""The parts of a re-index, as the settings name them."""

from __future__ import annotations

import pytest

from tests.stand_ins.index_server import IndexServer
from tests.unit.world import World
from worker.config import Settings
from worker.errors import MisconfiguredError
from worker.maintenance.pace import Pace
from worker.maintenance.reindex.parts import open_parts

pytestmark = pytest.mark.unit


def test_they_are_those_of_the_settings(world: World, server: IndexServer) -> None:
    settings = Settings(
        results_bucket="results",
        file_table="files",
        index="opensearch",
        opensearch_endpoint=server.url,
        opensearch_auth="none",
        text_model="amazon.titan-embed-text-v2:0",
        image_model="",
    )
    pace = Pace(None, wait=lambda _: False)
    with open_parts(settings, world.clients, pace=pace, wait=lambda _: None) as parts:
        current = parts.versions.current()
        assert (current.name, parts.text_dimension) == ("files-v2", 1024)
        assert parts.entries(current).count() == 0
        target = parts.versions.prepare(current, None)
        pages = server.indices[target.name].mappings["properties"]["pages"]["properties"]
        assert pages["text_vector"]["dimension"] == 1024


def test_a_setting_that_is_missing_is_named(world: World) -> None:
    pace = Pace(None, wait=lambda _: False)
    with (
        pytest.raises(MisconfiguredError, match="CIS_RESULTS_BUCKET"),
        open_parts(Settings(index="opensearch"), world.clients, pace=pace, wait=lambda _: None),
    ):
        pass
