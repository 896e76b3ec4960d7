"""Settings become components, in a process that loads no parser."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from worker import app
from worker.config import Settings, load_settings, sandbox_environment
from worker.document.options_from_settings import read_options
from worker.embedded.metadata_server import MetadataServer
from worker.errors import MisconfiguredError
from worker.extract.tools import Tools
from worker.runtime.identity import command_identity
from worker.runtime.work_root import WorkRoot
from worker.sandbox.scheduler import Sandbox

pytestmark = pytest.mark.unit


def test_every_setting_that_is_missing_is_named() -> None:
    with pytest.raises(MisconfiguredError) as caught:
        app.run(load_settings(queue_url="q"))
    message = str(caught.value)
    assert "CIS_QUEUE_URL" not in message
    for name in ("CIS_DLQ_URL", "CIS_RESULTS_BUCKET", "CIS_FILE_TABLE"):
        assert name in message


def test_the_worker_process_loads_neither_parsers_nor_an_index_it_may_not_need() -> None:
    code = "import json, sys, worker.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    parsers = {"lxml", "magic", "numpy", "openpyxl", "pdf2image", "pypdfium2", "pytesseract"}
    assert set(json.loads(done.stdout)) & (parsers | {"opensearchpy", "worker.extract.extractors"}) == set()


def test_a_language_that_is_missing_ends_the_start_and_leaves_no_folder(tmp_path: Path) -> None:
    settings = load_settings(
        queue_url="q", dlq_url="d", results_bucket="r", file_table="t", languages=("tlh",), work_dir=tmp_path
    )
    with pytest.raises(MisconfiguredError, match="tesseract-ocr-tlh"):
        app.run(settings)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_reaches_the_consumer_and_its_messages(tmp_path: Path) -> None:
    settings = load_settings(
        queue_url="http://127.0.0.1:9/q",
        dlq_url="http://127.0.0.1:9/d",
        results_bucket="r",
        file_table="t",
        sqlite_path=tmp_path / "index",
        work_dir=tmp_path,
        state_dir=tmp_path,
    )
    sandbox = Sandbox(
        options=read_options(settings), slots=1, work_root=tmp_path, environment=sandbox_environment()
    )
    tools = Tools(tesseract="5.3.0", languages=("jpn", "eng"))
    lifecycle = app.build(settings, sandbox, tools, WorkRoot(tmp_path))
    try:
        receiving = [lifecycle.consumer.is_receiving]
        lifecycle.spot.set_interrupted(True)
        receiving.append(lifecycle.consumer.is_receiving)
        assert receiving == [True, False]
        assert lifecycle.shutdown.is_requested
        assert lifecycle.spot.requeue == lifecycle.consumer.release
        assert lifecycle.group.hook.is_leaving()
    finally:
        lifecycle.consumer.local_health.work_root.remove()
        lifecycle.crash_detector.record.close()


def needed(**more: object) -> Settings:
    return load_settings(queue_url="q", dlq_url="d", results_bucket="r", file_table="t", **more)


def test_a_worker_has_one_name_in_ledger_and_logs() -> None:
    assert app.complete(needed(worker_id="tokyo-1")).worker_id == "tokyo-1"
    settings = app.complete(needed())
    assert settings.worker_id
    assert app.complete(settings) is settings
    assert app.complete(needed()).worker_id != settings.worker_id


def test_the_instance_is_named_by_its_metadata_or_its_host() -> None:
    with MetadataServer() as server:
        settings = needed(worker_id="w", metadata_endpoint=server.url)
        assert app.identify(settings).instance.startswith("i-")
    assert app.identify(settings).instance == socket.gethostname()
    assert app.identify(settings).worker == "w"


def test_the_group_is_the_label_or_that_of_the_auto_scaling_group() -> None:
    with MetadataServer() as server:
        server.control({"tags": {"aws:autoscaling:groupName": "by-tag"}})

        def group(**settings: object) -> str:
            return app.identify(needed(metadata_endpoint=server.url, **settings)).group

        assert group() == "by-tag"
        assert group(autoscaling_group="by-setting") == "by-setting"
        assert group(autoscaling_group="by-setting", group="night") == "night"
    assert app.identify(needed(metadata_endpoint=server.url)).group == ""


def test_log_files_are_opened_only_where_a_folder_is_set(tmp_path: Path) -> None:
    identity = command_identity()
    assert app.open_log_files(needed(), identity) is None
    files = app.open_log_files(needed(log_dir=tmp_path / "logs"), identity)
    assert files is not None
    assert files.folder == tmp_path / "logs"
    assert not files.folder.exists()
    files.close()
