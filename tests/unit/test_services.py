"""Search index and Bedrock as the settings name them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.stand_ins.missing_index import MISSING_INDEX
from worker.aws.clients import make_clients
from worker.config import load_settings
from worker.embedded.bedrock_server import BedrockServer
from worker.embedded.http_server import LocalHttpServer, Request, Response
from worker.errors import MisconfiguredError, ModelUnavailableError, UnavailableError
from worker.index.opensearch.index_manager import IndexManager
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.resilience.rate_limiter import RateLimitedError
from worker.runtime.metrics import Metrics
from worker.services import open_bedrock, open_index, open_index_manager, picture_embedder

pytestmark = pytest.mark.unit


def test_the_index_is_the_file_the_settings_name(tmp_path: Path) -> None:
    with closing(open_index(load_settings(sqlite_path=tmp_path / "index.sqlite3"))) as index:
        assert isinstance(index, SqliteIndex)
    with pytest.raises(MisconfiguredError, match="CIS_SQLITE_PATH"):
        open_index(load_settings())


def test_the_index_is_the_cluster_the_settings_name() -> None:
    settings = load_settings(index="opensearch", opensearch_endpoint="http://127.0.0.1:9")
    with closing(open_index(settings)) as index:
        assert isinstance(index, IndexManager)
    with pytest.raises(MisconfiguredError, match="OPENSEARCH_ENDPOINT"):
        open_index(load_settings(index="opensearch"))


def test_prefix_user_and_password_are_used() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        if request.path.endswith("/_mapping"):
            return MISSING_INDEX
        seen.append(request)
        answer = {"hits": {"total": {"value": 0}, "hits": []}, "aggregations": {"contents": {"value": 0}}}
        return Response(body=json.dumps(answer).encode())

    with LocalHttpServer(answer) as server:
        settings = load_settings(
            index="opensearch",
            opensearch_endpoint=server.url,
            opensearch_auth="basic",
            opensearch_user="user",
            opensearch_password="word",
            index_prefix="tokyo-",
        )
        with closing(open_index_manager(settings)) as index:
            assert index.search("text").total == 0
    assert seen[0].path == "/tokyo-files/_search"
    assert seen[0].headers["authorization"] == "Basic dXNlcjp3b3Jk"


def test_a_user_without_a_password_is_an_error() -> None:
    settings = load_settings(
        index="opensearch", opensearch_endpoint="http://x", opensearch_auth="basic", opensearch_user="u"
    )
    with pytest.raises(MisconfiguredError, match="CIS_OPENSEARCH_PASSWORD"):
        open_index_manager(settings)


def test_signing_takes_the_credentials_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        index="opensearch", opensearch_endpoint="http://127.0.0.1:9", opensearch_auth="sigv4"
    )
    open_index_manager(settings).close()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(MisconfiguredError, match="AWS_ACCESS_KEY_ID"):
        open_index_manager(settings)


def test_an_open_breaker_shows_in_the_metrics() -> None:
    metrics = Metrics()
    settings = load_settings(index="opensearch", opensearch_endpoint="http://127.0.0.1:9")
    waits: list[float] = []
    index = open_index_manager(settings, wait=waits.append, metrics=metrics)
    assert b'breaker_open{service="opensearch"} 0.0' in metrics.render()
    for _ in range(2):
        with pytest.raises(UnavailableError):
            index.search("text")
    assert b'breaker_open{service="opensearch"} 1.0' in metrics.render()
    assert waits, "retries wait with the given function"
    index.close()


def test_a_picture_is_embedded_by_the_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
    with BedrockServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        settings = load_settings()
        assert len(picture_embedder(settings)((tmp_path / "a.png").read_bytes())) == 1024
        bedrock = open_bedrock(settings, make_clients(), metrics=Metrics())
        assert bedrock.get_embedding_dimension() == 1024


def test_a_refused_model_shows_in_the_metrics_and_the_other_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metrics = Metrics()
    with BedrockServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        settings = load_settings(text_model="amazon.titan-embed-text-v2:0")
        bedrock = open_bedrock(settings, make_clients(), metrics=metrics)
        server.control({"fail_next": 1, "status": 403})
        with pytest.raises(ModelUnavailableError, match="bedrock:InvokeModel"):
            bedrock.probe("amazon.titan-embed-image-v1")
        assert bedrock.probe("amazon.titan-embed-text-v2:0") == 1024
    assert b'breaker_open{service="amazon.titan-embed-image-v1"} 1.0' in metrics.render()
    assert b'breaker_open{service="amazon.titan-embed-text-v2:0"} 0.0' in metrics.render()
    assert b'breaker_open{service="bedrock"} 0.0' in metrics.render()


def test_embeddings_slow_down_to_one_call_in_twenty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    with BedrockServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        bedrock = open_bedrock(load_settings(bedrock_rate=0.06), make_clients(), wait=waits.append)
        server.control({"throttle_next": 1})
        with pytest.raises(RateLimitedError, match=r"0\.05 calls a second"):
            bedrock.embed_image(b"jpeg")
    assert waits == [pytest.approx(1.25, abs=0.25)], "one retry was due, and had no turn"
