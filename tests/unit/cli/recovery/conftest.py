"""A deployment as init makes it, named by the environment, for the commands of an operator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from tests.index_body.documents import make_document  # noqa: F401 - a fixture
from tests.unit.world import World
from worker.cli.main import app

Run = Callable[..., Result]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the world; the width is that of a terminal."""
    for name, value in {
        "CIS_QUEUE_URL": world.queue_url,
        "CIS_DLQ_URL": world.dlq_url,
        "CIS_RESULTS_BUCKET": "results",
        "CIS_SOURCE_BUCKETS": "source",
        "CIS_FILE_TABLE": "files",
        "CIS_IMAGE_MODEL": "",
    }.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    return invoke
