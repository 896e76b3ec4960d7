"""The commands that ask a home: what they print of an index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from worker.cli.home.show import show
from worker.cli.search import search, similar
from worker.errors import Code, MisconfiguredError
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document, Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.metadata import FileMetadata, Properties
from worker.models.page import Page, TextSource

pytestmark = pytest.mark.unit

APP = typer.Typer()
for command in (show, similar):
    APP.command()(command)
APP.command(context_settings={"ignore_unknown_options": True})(search)


def document(path: str, *texts: str, image: tuple[float, ...] | None = None) -> Document:
    return Document(
        file_id=f"id-{path}",
        bucket="b",
        key="k",
        file_name=path.rsplit("/", 1)[1],
        file_path=path,
        size_bytes=10,
        file_type=FileType.PDF,
        state=State.PARTIAL,
        reason="pages_failed",
        reason_message="not read: page 3 (timeout)",
        pages=tuple(
            Page(number=number, text=text, source=TextSource.OCR, language="jpn", confidence=90.5)
            for number, text in enumerate(texts, start=1)
        ),
        vectors=Vectors(image=image),
        metadata=FileMetadata(
            last_modified="2024-05-31T00:00:00Z",
            allowed_groups=("営業部",) if texts and "好調" in texts[-1] else (),
            properties=Properties(title="報告"),
        ),
        indexed_at="2026-11-21T00:00:00+00:00",
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    index = SqliteIndex(tmp_path / "index.sqlite3")
    far = (0.0,) * 1023
    for made in (
        document("/a/営業報告書.pdf", "表紙", "今期の営業[は]好調", image=(1.0, *far)),
        document("/b/photo.jpg", "", image=(0.8, 0.6, *far[1:])),
        document("/b/same.txt", "one"),
        document("/c/same.txt", "two"),
    ):
        index.index_document(made, version=1)
    index.close()
    return tmp_path


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(APP, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert result.exit_code == status
    return result.stdout


def test_hits_name_file_page_and_snippet(home: Path) -> None:
    found = json.loads(run("search", "好調", "--home", str(home), "--json"))
    assert found["total"] == 1
    (hit,) = found["hits"]
    assert (hit["file_id"], hit["bucket"], hit["state"], hit["page_count"]) == (
        "id-/a/営業報告書.pdf",
        "b",
        "partial",
        2,
    )
    assert (hit["date"], hit["title"], hit["allowed_groups"]) == (
        "2024-05-31T00:00:00Z",
        "報告",
        ["営業部"],
    )
    assert (hit["mime_type"], hit["also_at"]) == (None, [])
    assert found["facets"]["folder"] == {"a": 1}
    assert (hit["file_name"], hit["file_path"], hit["page"]) == ("営業報告書.pdf", "/a/営業報告書.pdf", 2)
    assert "[[好調]]" in hit["snippet"]


def test_a_file_found_by_its_name_says_what_it_lacks(home: Path) -> None:
    (hit,) = json.loads(run("search", "photo", "--home", str(home), "--json"))["hits"]
    assert (hit["page"], hit["state"], hit["reason"]) == (0, "partial", "pages_failed")


def test_the_text_form_has_the_page_and_no_brackets(home: Path) -> None:
    printed = run("search", "好調", "--home", str(home))
    assert "営業報告書.pdf  page 2" in printed
    assert "今期の営業[は]好調" in printed
    assert printed.endswith("1 file\n")


def test_more_files_than_asked_for_are_counted(home: Path) -> None:
    assert "2 files, 1 shown" in run("search", "same", "--home", str(home), "--limit", "1")
    assert run("search", "nowhere", "--home", str(home), status=1) == "No file matches.\n"


def test_a_search_without_a_hit_has_the_status_1_as_grep_has(home: Path) -> None:
    assert json.loads(run("search", "nowhere", "--home", str(home), "--json", status=1))["hits"] == []


def test_words_and_exclusions_are_arguments_of_their_own(home: Path) -> None:
    assert "営業報告書.pdf" in run("search", "営業", "好調", "--home", str(home))
    assert run("search", "営業", "-好調", "--home", str(home), status=1) == "No file matches.\n"
    found = json.loads(run("search", "営業", "-無い", "xy:z", "--home", str(home), "--json", "--offset", "0"))
    assert (found["total"], found["tier"], found["has_next"]) == (1, "all", False)
    assert '"xy:" is no filter' in found["notes"][0]


def test_an_option_that_there_is_not_is_no_exclusion(home: Path) -> None:
    result = CliRunner().invoke(APP, ["search", "営業", "--limt", "3", "--home", str(home)])
    assert (result.exit_code, "no option --limt" in result.output) == (2, True)


@pytest.mark.parametrize("query", ["", "。", "-営業", "☃"])
def test_a_search_for_nothing_is_refused(home: Path, query: str) -> None:
    result = CliRunner().invoke(APP, ["search", "--home", str(home), "--", query])
    assert (result.exit_code, "Nothing to search for" in result.output) == (2, True)


def test_a_search_may_be_limited_to_groups(home: Path) -> None:
    at_home = ("--home", str(home), "--groups", "経理部")
    assert run("search", "営業", *at_home, status=1) == "No file matches.\n"
    assert "営業報告書.pdf" in run("search", "営業", *at_home, "--groups", "営業部")
    with pytest.raises(MisconfiguredError, match=r"営業報告書.pdf is not in"):
        run("show", "営業報告書.pdf", *at_home)
    assert json.loads(run("similar", "photo.jpg", *at_home, "--json"))["hits"] == []
    (hit,) = json.loads(run("similar", "photo.jpg", "--home", str(home), "--json"))["hits"]
    assert hit["file_id"] == "id-/a/営業報告書.pdf"


def test_similar_pictures_come_without_the_one_asked_for(home: Path) -> None:
    (hit,) = json.loads(run("similar", "営業報告書.pdf", "--home", str(home), "--json"))["hits"]
    assert (hit["file_name"], round(hit["score"], 3)) == ("photo.jpg", 0.8)
    assert "0.800  photo.jpg" in run("similar", "営業報告書.pdf", "--home", str(home))


@pytest.mark.parametrize(
    ("asked", "message"),
    [("/b/same.txt", "has no image vector"), ("missing.jpg", "neither a file nor the name of an ingested")],
)
def test_a_file_without_a_picture_is_an_error(home: Path, asked: str, message: str) -> None:
    with pytest.raises(MisconfiguredError, match=message) as raised:
        run("similar", asked, "--home", str(home))
    assert raised.value.code is Code.NOT_FOUND


@pytest.mark.parametrize("command", ["search", "show", "similar"])
def test_a_folder_without_an_index_is_refused_and_left_alone(tmp_path: Path, command: str) -> None:
    with pytest.raises(MisconfiguredError, match="nothing was ingested into"):
        run(command, "x", "--home", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["search", "show", "similar"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"cis-worker {command}" in run(command, "--help")
