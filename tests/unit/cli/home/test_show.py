"""The command `show`: the text, what was not read, and what the stored artifact adds."""

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

from tests.unit.cli.test_search import APP, document, run
from worker.document.packing import pack_extraction
from worker.errors import Code, MisconfiguredError
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Extraction
from worker.models.file import FileType
from worker.models.member import Member
from worker.models.page import Page, TextSource
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


@pytest.fixture
def files(tmp_path: Path) -> Path:
    with closing(SqliteIndex(tmp_path / "index.sqlite3")) as index:
        for made in (
            document("/a/営業報告書.pdf", "表紙", "今期の営業[は]好調"),
            document("/b/same.txt", "one"),
            document("/c/same.txt", "two"),
        ):
            index.index_document(made, version=1)
    return tmp_path


@pytest.mark.parametrize("asked", ["/a/営業報告書.pdf", "営業報告書.pdf", "id-/a/営業報告書.pdf"])
def test_a_file_is_shown_by_path_name_or_id(files: Path, asked: str) -> None:
    shown = json.loads(run("show", asked, "--home", str(files), "--json"))
    assert {name: shown[name] for name in ("file_name", "file_path", "state", "reason")} == {
        "file_name": "営業報告書.pdf",
        "file_path": "/a/営業報告書.pdf",
        "state": "partial",
        "reason": "pages_failed",
    }
    assert shown["pages"][1] == {
        "number": 2,
        "text": "今期の営業[は]好調",
        "source": "ocr",
        "confidence": 90.5,
        "language": "jpn",
        "reason": None,
    }


def test_the_text_form_has_the_reason_and_the_pages(files: Path) -> None:
    printed = run("show", "営業報告書.pdf", "--home", str(files))
    for part in ("partial (pages_failed)", "not read: page 3 (timeout)", "page 2 (ocr, 90 %)", "好調"):
        assert part in printed


def test_an_ambiguous_name_is_refused_with_the_choices(files: Path) -> None:
    with pytest.raises(
        MisconfiguredError, match=r"matches 2 files; give the path of one:\n  /b/same.txt\n  /c/same.txt"
    ):
        run("show", "same.txt", "--home", str(files))


def test_a_file_that_was_never_ingested_is_named(files: Path) -> None:
    with pytest.raises(MisconfiguredError, match=r"other\.txt is not in") as raised:
        run("show", "other.txt", "--home", str(files))
    assert raised.value.code is Code.NOT_FOUND


def test_files_that_have_one_path_differ_by_their_ids(tmp_path: Path) -> None:
    with closing(SqliteIndex(tmp_path / "index.sqlite3")) as index:
        for number in (1, 2):
            index.index_document(replace(document("/a/\ufffd.txt"), file_id=f"id{number}"), version=1)
    with pytest.raises(MisconfiguredError, match=r"\ufffd\.txt \(id1\)\n.*\(id2\)"):
        run("show", "\ufffd.txt", "--home", str(tmp_path))


def test_engine_and_thumbnail_are_named(home: Path) -> None:
    thumbnail = home / "thumbnails" / "hash" / "key.webp"
    thumbnail.parent.mkdir(parents=True)
    thumbnail.write_bytes(b"webp")
    pages = tuple(
        Page(number=number, text="text", source=TextSource.OCR, engine=engine)
        for number, engine in enumerate(("tesserocr jpn", "network", "tesserocr jpn"), start=1)
    )
    extraction = Extraction(file_type=FileType.PDF, pages=pages, unread=_LIST)
    (home / _KEY).write_bytes(b"".join(pack_extraction(extraction)))
    with closing(SqliteIndex(home / "index.sqlite3")) as index:
        key = str(thumbnail.relative_to(home))
        changed = replace(document("/a/b.pdf", "text"), artifact_key=_KEY, thumbnail_key=key)
        index.index_document(changed, version=2)
    shown = json.loads(_show(home).stdout)
    assert (shown["engines"], shown["thumbnail"]) == (["tesserocr jpn", "network"], str(thumbnail))
    printed = run("show", "b.pdf", "--home", str(home))
    assert "tesserocr jpn, network" in printed
    assert str(thumbnail) in printed
    thumbnail.unlink()
    assert json.loads(_show(home).stdout)["thumbnail"] is None


def test_the_advice_is_for_a_person_and_not_for_a_fleet(home: Path) -> None:
    (home / _KEY).write_bytes(_packed(Unread(page=0, code="needs_libreoffice", help="on the workers")))
    (unread,) = json.loads(_show(home).stdout)["unread"]
    assert unread["help"] == "Install LibreOffice, then run the same ingest again."


def test_paths_and_lines_are_not_folded_whatever_the_width(files: Path) -> None:
    long = "/d/" + "長い名前/" * 30 + "a.txt"
    line = "一行の文字列" * 40
    with closing(SqliteIndex(files / "index.sqlite3")) as index:
        index.index_document(document(long, f"{line}\nnext"), version=1)
    printed = run("show", "a.txt", "--home", str(files)).splitlines()
    assert printed[0] == f"file        {long}"
    assert printed[-3:] == ["── page 1 (ocr, 90 %) ──", line, "next"]


def test_the_files_in_it_are_listed(home: Path) -> None:
    member = Member(path="a.zip › b.txt", first_page=1, pages=1, file_type=FileType.TEXT, size_bytes=4)
    extraction = Extraction(
        file_type=FileType.EML,
        pages=(Page(number=1, text="text", source=TextSource.FILE),),
        unread=_LIST,
        members=(member,),
    )
    (home / _KEY).write_bytes(b"".join(pack_extraction(extraction)))
    (shown,) = json.loads(_show(home).stdout)["members"]
    assert (shown["path"], shown["file_type"], shown["state"]) == ("a.zip › b.txt", "txt", "indexed")
    printed = run("show", "b.pdf", "--home", str(home)).splitlines()
    place = printed.index("── files in it ──")
    assert printed[place + 1].endswith("1 p.         4 B  a.zip › b.txt")


def test_an_artifact_without_a_list_of_files_is_shown_as_before(home: Path) -> None:
    (home / _KEY).write_bytes(_packed(*_LIST))
    assert json.loads(_show(home).stdout)["members"] == []
    assert "files in it" not in run("show", "b.pdf", "--home", str(home))
