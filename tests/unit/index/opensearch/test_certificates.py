"""TLS to a cluster whose certificate an authority of the company's own signed."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.stand_ins.tls_server import tls_server
from worker.config import load_settings
from worker.errors import MisconfiguredError
from worker.services import open_index_manager

pytestmark = pytest.mark.unit

NOTHING = json.dumps({"hits": {"total": {"value": 0}, "hits": []}}).encode()


def test_an_authority_of_ones_own_is_trusted_where_a_setting_names_it(tmp_path: Path) -> None:
    with tls_server(tmp_path, NOTHING) as (url, ca):
        settings = load_settings(index="opensearch", opensearch_endpoint=url, opensearch_ca=ca)
        with closing(open_index_manager(settings)) as index:
            assert index.search("報告").total == 0


def test_without_the_setting_the_error_names_it(tmp_path: Path) -> None:
    with tls_server(tmp_path, NOTHING) as (url, _):
        settings = load_settings(index="opensearch", opensearch_endpoint=url)
        with (
            closing(open_index_manager(settings)) as index,
            pytest.raises(MisconfiguredError, match="set CIS_OPENSEARCH_CA to the file"),
        ):
            index.search("報告")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_is_named_before_the_first_request(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    settings = load_settings(
        index="opensearch", opensearch_endpoint="https://127.0.0.1:9", opensearch_ca=tmp_path / "ca.pem"
    )
    with pytest.raises(MisconfiguredError, match=r"CIS_OPENSEARCH_CA is .*ca.pem, which cannot be read"):
        open_index_manager(settings)
