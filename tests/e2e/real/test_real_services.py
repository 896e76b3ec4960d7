"""The real worker on OpenSearch, ElasticMQ and another DynamoDB than moto's, set up by variables."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.real.conftest import Surroundings
from worker.models.ledger import State
from worker.samples.documents import write_pdf
from worker.samples.fonts import Font

pytestmark = pytest.mark.e2e

# Several times what one worker holds at once, and both kinds of vectors.
_MANY = 40
_PICTURES = 5
_TEXT_MODEL = "amazon.titan-embed-text-v2:0"


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").point(lambda value: min(255, value + shade)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_pdf_announced_by_a_plain_message_is_found(
    surroundings: Surroundings, until: Callable[..., None], tmp_path: Path
) -> None:
    reports = {
        "営業報告書.pdf": "営業報告書\n2025年度の売上は前年を上回りました。",
        "技術仕様書.pdf": "技術仕様書\nこの装置は毎分二十枚を処理します。",
    }
    with closing(surroundings.start()) as worker:
        for name, text in reports.items():
            write_pdf(tmp_path / name, (text,), font=Font.GOTHIC)
            surroundings.put(name, (tmp_path / name).read_bytes())
        for number in range(10):
            surroundings.put(f"picture-{number}.png", picture(20 * number))
        until(lambda: sum(row.is_finished for row in surroundings.rows()) == 12)
        until(lambda: surroundings.waiting() == 0)
        assert worker.stop() == 0
    assert surroundings.waiting("CIS_DLQ_URL") == 0
    assert {row.fence for row in surroundings.rows()} == {1}
    assert surroundings.count("files", {"match": {"ocr_text": "営業"}}) == 1
    found = json.loads(surroundings.run("search", "営業", "--json").stdout)
    assert [hit["file_name"] for hit in found["hits"]] == ["営業報告書.pdf"]
    assert "[[営業]]" in found["hits"][0]["snippet"]
    shown = json.loads(surroundings.run("show", "技術仕様書.pdf", "--json").stdout)
    assert "毎分二十枚" in shown["pages"][0]["text"]
    near = json.loads(surroundings.run("similar", "picture-3.png", "--json").stdout)["hits"]
    assert {hit["file_name"] for hit in near[:2]} == {"picture-2.png", "picture-4.png"}
    assert len(near) == 5


def test_the_operators_commands_know_these_servers(shared_surroundings: Surroundings) -> None:
    surroundings = shared_surroundings
    done = surroundings.run("doctor", "--json")
    findings = {each["subject"].partition(" t")[0]: each for each in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0, [each for each in findings.values() if each["level"] == "failure"]
    assert findings["opensearch"]["level"] == "ok"
    again = surroundings.run("init", "--dry-run", "--json")
    assert not any(thing["created"] for thing in json.loads(again.stdout)["made"])
    assert json.loads(surroundings.run("status", "--json").stdout)["ledger"]["index_pending"] == 0


def test_the_doctor_names_each_fault_of_these_servers(shared_surroundings: Surroundings) -> None:
    prefix = f"{shared_surroundings.prefix}plain-"
    surroundings = replace(shared_surroundings, environment=dict(shared_surroundings.environment))
    mapping = {"properties": {"ocr_text": {"type": "text"}}}
    surroundings.search_engine.indices.create(index=f"{prefix}files", body={"mappings": mapping})
    lonely = surroundings.client("sqs").create_queue(QueueName=f"{prefix}lonely")["QueueUrl"]
    surroundings.environment |= {"CIS_INDEX_PREFIX": prefix, "CIS_QUEUE_URL": lonely}
    done = surroundings.run("doctor", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    failures = {
        each["subject"].replace(prefix, ""): each
        for each in json.loads(done.stdout)["findings"]
        if each["level"] == "failure"
    }
    assert set(failures) == {"dead-letter queue", "index files"}
    assert "no redrive policy" in failures["dead-letter queue"]["message"]
    assert "maxReceiveCount" in failures["dead-letter queue"]["advice"]
    assert "kuromoji" in failures["index files"]["message"]
    assert "cis-worker init" in failures["index files"]["advice"]


@pytest.mark.slow
def test_documents_flow_on_during_an_outage_of_opensearch(
    surroundings: Surroundings, until: Callable[..., None]
) -> None:
    surroundings.gate.shut()
    with closing(surroundings.start(CIS_TEXT_MODEL=_TEXT_MODEL)) as worker:
        for number in range(_MANY):
            surroundings.put(f"{number}.txt", f"営業報告 第{number}号".encode())
        until(lambda: sum(row.is_finished for row in surroundings.rows()) == _MANY)
        until(lambda: surroundings.waiting() == 0)
        assert all(row.index_pending for row in surroundings.rows())
        calls = surroundings.stack.bedrock.stats()["calls"]
        surroundings.gate.open()
        until(lambda: not any(row.index_pending for row in surroundings.rows()))
        assert worker.stop() == 0
    assert surroundings.count("files", {"match": {"ocr_text": "営業"}}) == _MANY
    assert surroundings.count("files", {"term": {"state": State.INDEXED.value}}) == _MANY
    assert surroundings.waiting("CIS_DLQ_URL") == 0
    assert {row.state for row in surroundings.rows()} == {State.INDEXED}
    assert surroundings.stack.bedrock.stats()["calls"] == calls, "vectors were made twice"
    assert not surroundings.events("page_ocred")


@pytest.mark.slow
def test_documents_flow_on_during_an_outage_of_bedrock(
    surroundings: Surroundings, until: Callable[..., None]
) -> None:
    surroundings.stack.bedrock.control({"down": True})
    with closing(surroundings.start(CIS_TEXT_MODEL=_TEXT_MODEL)) as worker:
        for number in range(_MANY - _PICTURES):
            surroundings.put(f"{number}.txt", f"営業報告 第{number}号".encode())
        for number in range(_PICTURES):
            surroundings.put(f"{number}.png", picture(20 * number))
        until(lambda: sum(row.is_finished for row in surroundings.rows()) == _MANY)
        until(lambda: surroundings.waiting() == 0)
        assert all(row.vectors_pending for row in surroundings.rows())
        read = len(surroundings.events("page_ocred"))
        surroundings.stack.bedrock.control({"down": False})
        until(lambda: not any(row.vectors_pending for row in surroundings.rows()))
        assert worker.stop() == 0
    assert surroundings.count("images", {"exists": {"field": "image_vector"}}) == _PICTURES
    with_vector = {"nested": {"path": "pages", "query": {"exists": {"field": "pages.text_vector"}}}}
    assert surroundings.count("files", with_vector) == _MANY - _PICTURES
    assert surroundings.count("files", {"term": {"vectors_pending": False}}) == _MANY
    assert surroundings.waiting("CIS_DLQ_URL") == 0
    assert len(surroundings.events("page_ocred")) == read, "pages were OCRed again"
