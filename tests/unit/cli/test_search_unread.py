"""What `show` says of what was not read, and where it cannot say it: the text is shown in any case."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.unit.cli.test_search import APP, document
from worker.document.packing import pack_extraction
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.unread import Unread

pytestmark = pytest.mark.unit

_KEY = "artifacts/hash/pdf-key"
_LIST = (Unread(page=2, code="timeout", help="Raise it."), Unread(page=3, code="corrupt"))


def _packed(*unread: Unread) -> bytes:
    return b"".join(pack_extraction(Extraction(file_type=FileType.PDF, unread=unread)))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with closing(SqliteIndex(tmp_path / "index.sqlite3")) as index:
        index.index_document(replace(document("/a/b.pdf", "text"), artifact_key=_KEY), version=1)
    (tmp_path / _KEY).parent.mkdir(parents=True)
    return tmp_path


def _show(home: Path) -> Result:
    result = CliRunner().invoke(APP, ["show", "b.pdf", "--home", str(home), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["pages"][0]["text"] == "text"
    return result


def _codes(result: Result) -> list[tuple[int, str]]:
    return [(each["page"], each["code"]) for each in json.loads(result.stdout)["unread"]]


def test_the_list_of_the_artifact_is_shown(home: Path) -> None:
    (home / _KEY).write_bytes(_packed(*_LIST))
    result = _show(home)
    assert (_codes(result), result.stderr) == ([(2, "timeout"), (3, "corrupt")], "")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "its artifact is no longer in"),
        (b"", "its artifact is damaged (JSONDecodeError)"),
        (b"not gzipped", "its artifact cannot be read"),
        (_packed(*_LIST)[:-12], "its artifact is damaged (EOFError)"),
        (_packed(), "its artifact is of an older version and has no list"),
    ],
    ids=["gone", "empty", "something else", "cut", "of an older version"],
)
def test_without_the_list_the_reason_is_shown_and_why(home: Path, data: bytes | None, problem: str) -> None:
    if data is not None:
        (home / _KEY).write_bytes(data)
    result = _show(home)
    assert _codes(result) == [(0, "pages_failed")]
    (line,) = result.stderr.splitlines()
    assert line.startswith("What was not read is shown by its reason only: ")
    assert problem in line


class _Forbidden(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def forbidden() -> Iterator[str]:
    """The endpoint of an S3 that permits nothing."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forbidden) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_without_rights_in_the_results_bucket_the_reason_is_shown_and_why(
    home: Path, monkeypatch: pytest.MonkeyPatch, forbidden: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", forbidden)
    monkeypatch.setenv("CIS_INDEX", "sqlite")
    monkeypatch.setenv("CIS_SQLITE_PATH", str(home / "index.sqlite3"))
    monkeypatch.setenv("CIS_RESULTS_BUCKET", "results-of-others")
    result = CliRunner().invoke(APP, ["show", "b.pdf", "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    assert _codes(result) == [(0, "pages_failed")]
    assert "results-of-others" in result.stderr
    assert "AccessDenied" in result.stderr
