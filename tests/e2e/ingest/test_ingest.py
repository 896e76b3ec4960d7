"""`cis-worker ingest` and the commands that query its home, as processes on user files."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from worker.embedded.child_process import clean_environment, python_command
from worker.home.manifest import Manifest
from worker.samples import texts as sample_texts
from worker.samples.documents import write_pdf
from worker.samples.fonts import Font
from worker.samples.pictures import write_drawing, write_sign_photo

if TYPE_CHECKING:
    from tests.e2e.ingest.conftest import Ended, Place

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FIELDS = [
    *("file_path", "file_id", "state", "reason", "file_type", "pages", "text_chars", "language"),
    *("confidence", "text_sources", "seconds", "skipped"),
]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, make_place: type[Place]) -> tuple[Place, Ended]:
    """A home after its first run; to be left as it is."""
    root = tmp_path_factory.mktemp("first")
    place = make_place(root / "docs", root / "home")
    (place.docs / "写真").mkdir(parents=True)
    (place.docs / "minutes.txt").write_bytes(sample_texts.MINUTES.encode("shift_jis"))
    (place.docs / "copy of minutes.txt").write_bytes(sample_texts.MINUTES.encode("shift_jis"))
    (place.docs / "empty.txt").touch()
    write_pdf(place.docs / "営業報告書.pdf", sample_texts.SALES_REPORT, font=Font.GOTHIC)
    write_pdf(place.docs / "secret.pdf", sample_texts.PERSONNEL_REVIEW, font=Font.GOTHIC, password="x")
    write_sign_photo(place.docs / "写真" / "現場.jpg")
    odd = os.fsencode(place.docs) + b"/\x93\xfa\x96{.txt"
    with open(odd, "wb") as file:  # noqa: PTH123
        file.write("文字化けした名前".encode())
    os.mkfifo(place.docs / "pipe")
    (place.docs / "mem.txt").symlink_to("/proc/self/mem")
    (place.docs / "写真" / "loop").symlink_to(place.docs)
    return place, place.ingest()


def test_there_is_one_line_a_document_with_the_promised_fields(first: tuple[Place, Ended]) -> None:
    _, ended = first
    assert ended.status == 0, ended.stderr
    assert len(ended.lines) == 8
    for line in ended.lines:
        assert list(line) == FIELDS
        assert line["skipped"] is False
    assert "Traceback" not in ended.stderr


def test_documents_end_with_their_text_or_their_reason(first: tuple[Place, Ended]) -> None:
    place, ended = first
    report = ended.line(place.docs / "営業報告書.pdf")
    assert (report["state"], report["file_type"], report["language"]) == ("indexed", "pdf", "jpn")
    assert (report["pages"], report["text_sources"]) == (len(sample_texts.SALES_REPORT), ["text_layer"])
    assert report["text_chars"] > 100
    photo = ended.line(place.docs / "写真" / "現場.jpg")
    assert (photo["state"], photo["text_sources"]) == ("indexed", ["ocr"])
    assert photo["confidence"] > 50
    for name, reason in (("secret.pdf", "encrypted"), ("empty.txt", "empty")):
        line = ended.line(place.docs / name)
        assert (line["state"], line["reason"], line["pages"]) == ("no_content", reason, 0)


def test_what_cannot_be_read_fails_alone_and_what_is_no_file_is_noted(first: tuple[Place, Ended]) -> None:
    place, ended = first
    line = ended.line(place.docs / "mem.txt")
    assert (line["state"], line["reason"]) == ("failed", "Input/output error")
    assert f"{place.docs / 'pipe'}: a pipe, not a file" in ended.stderr
    assert "loop: a link to a folder: not followed" in ended.stderr


def test_a_name_that_is_no_utf8_is_ingested(first: tuple[Place, Ended]) -> None:
    place, ended = first
    line = ended.line(place.docs / "日本.txt")
    assert (line["state"], line["text_chars"]) == ("indexed", 8)
    assert place.ask("search", "文字化け")["hits"][0]["file_path"] == line["file_path"]
    assert place.ask("show", "日本.txt")["file_path"] == line["file_path"]


def test_what_was_not_read_is_named_with_its_remedy(first: tuple[Place, Ended]) -> None:
    place, ended = first
    remedy = "Set CIS_PDF_PASSWORDS to its password (a PDF), then run the same ingest again."
    assert f"1 encrypted: {remedy}\n    {place.docs / 'secret.pdf'}\n" in ended.stderr
    assert f"1 failed: Input/output error\n    {place.docs / 'mem.txt'}\n" in ended.stderr
    assert f"cis-worker list --unread --home {place.home}\n" in ended.stderr


def test_the_files_of_a_home_are_listed_by_what_was_not_read(first: tuple[Place, Ended]) -> None:
    place, _ = first
    listed = place.run("list", "--unread", "--json")
    found = {Path(line["file_path"]).name: line["codes"] for line in listed.lines}
    assert (listed.status, found) == (0, {"empty.txt": ["empty"], "secret.pdf": ["encrypted"]})
    assert len(place.run("list", "--json").lines) == 7
    assert place.run("list", "--reason", "timeout", "--json").status == 1
    counts = place.ask("status")
    assert (counts["files"], counts["reasons"]) == (7, {"empty": 1, "encrypted": 1})


def test_show_names_the_engine_and_a_thumbnail_that_exists(first: tuple[Place, Ended]) -> None:
    place, _ = first
    shown = place.ask("show", "現場.jpg")
    assert shown["engines"]
    assert Path(shown["thumbnail"]).read_bytes()[:4] == b"RIFF"


def test_the_text_of_a_home_is_exported(first: tuple[Place, Ended], tmp_path: Path) -> None:
    place, _ = first
    done = place.run("export", "--to", tmp_path / "out")
    assert (done.status, "5 of 7 files written to" in done.stderr) == (0, True)
    assert (tmp_path / "out" / "minutes.txt.txt").read_text(
        encoding="utf-8"
    ).strip() == sample_texts.MINUTES.strip()
    assert (tmp_path / "out" / "写真" / "現場.jpg.txt").exists()
    lines = place.run("export", "--to", "-", "--format", "jsonl").lines
    assert sorted(line["reason"] for line in lines if line["reason"]) == ["empty", "encrypted"]


def test_what_is_not_found_has_the_status_1(first: tuple[Place, Ended]) -> None:
    place, _ = first
    assert place.run("search", "nowhere", "--json").status == 1
    missing = place.run("show", "nowhere.txt")
    assert (missing.status, missing.lines) == (1, [])
    assert missing.stderr.endswith("[not_found]\n")


def test_a_dry_run_says_what_is_to_do_and_starts_nothing(place: Place) -> None:
    for name in ("a.txt", "b.bak", ".DS_Store"):
        (place.docs / name).write_text(name)
    planned = place.ingest(place.docs, "--dry-run", "--exclude", "*.bak")
    assert (planned.status, [line["file_path"] for line in planned.lines]) == (0, [str(place.docs / "a.txt")])
    assert not place.home.exists()


def test_search_finds_the_right_file_and_page(first: tuple[Place, Ended]) -> None:
    place, _ = first
    found = place.ask("search", "営業報告書")
    assert found["total"] >= 1
    assert {"file_id", "file_name", "file_path", "page", "snippet", "score", "state"} <= set(found["hits"][0])
    assert found["hits"][0]["file_name"] == "営業報告書.pdf"


def test_show_gives_the_text_of_every_page(first: tuple[Place, Ended]) -> None:
    place, _ = first
    shown = place.ask("show", "営業報告書.pdf")
    assert [page["number"] for page in shown["pages"]] == [1, 2, 3][: len(sample_texts.SALES_REPORT)]
    assert {"number", "text", "source", "confidence", "language"} <= set(shown["pages"][0])
    assert "営業報告書" in shown["pages"][0]["text"]


def test_a_copy_of_a_picture_is_the_most_similar_to_it(first: tuple[Place, Ended], tmp_path: Path) -> None:
    place, _ = first
    known = place.docs / "写真" / "現場.jpg"
    unknown = tmp_path / "no name of an ingested file.bin"
    shutil.copy(known, unknown)
    (hit,) = place.ask("similar", unknown)["hits"]
    assert hit["file_name"] == "現場.jpg"
    assert hit["score"] == pytest.approx(1.0, abs=1e-5)
    assert place.ask("similar", known)["hits"] == []


@pytest.fixture
def copied(first: tuple[Place, Ended], tmp_path: Path, make_place: type[Place]) -> Place:
    """The same documents with a home of its own, so that a test may change it."""
    place, _ = first
    shutil.copytree(place.home, tmp_path / "home")
    copied = make_place(place.docs, tmp_path / "home")
    copied.forget_start()
    return copied


def test_a_second_run_skips_all_and_starts_nothing(first: tuple[Place, Ended], copied: Place) -> None:
    _, before = first
    again = copied.ingest()
    assert again.status == 0
    assert not copied.was_started
    assert len(again.lines) == 8
    skipped = {line["file_path"]: line for line in again.lines if line["skipped"]}
    assert len(skipped) == 7  # all but the one that cannot be read
    for line in before.lines:
        if line["file_path"] in skipped:
            assert skipped[line["file_path"]] == {**line, "seconds": 0.0, "skipped": True}


def test_a_touched_file_is_skipped(place: Place) -> None:
    file = place.docs / "a.txt"
    file.write_text("alpha")
    assert place.ingest().status == 0
    place.forget_start()
    os.utime(file, ns=(1, 1))
    for _ in range(2):
        (line,) = place.ingest().lines
        assert line["skipped"]
    assert not place.was_started


def test_changed_and_removed_files_are_brought_up_to_date(place: Place) -> None:
    changed, removed, kept = (place.docs / name for name in ("changed.txt", "removed.txt", "kept.txt"))
    for file in (changed, removed, kept):
        file.write_text(f"first text of {file.stem}")
    assert [line["state"] for line in place.ingest().lines] == ["indexed"] * 3
    changed.write_text("another text")
    removed.unlink()
    again = place.ingest(place.docs, "--prune")
    assert again.status == 0, again.stderr
    assert {(Path(line["file_path"]).name, line["state"], line["skipped"]) for line in again.lines} == {
        ("changed.txt", "indexed", False),
        ("removed.txt", "tombstoned", False),
        ("kept.txt", "indexed", True),
    }
    assert [hit["file_name"] for hit in place.ask("search", "another")["hits"]] == ["changed.txt"]
    assert [hit["file_name"] for hit in place.ask("search", "first")["hits"]] == ["kept.txt"]
    artifacts = list((place.home / "artifacts").iterdir())
    assert len(artifacts) == 2, "artifacts of removed contents are removed"


def test_a_folder_that_is_gone_can_be_pruned(place: Place) -> None:
    (place.docs / "a.txt").write_text("alpha")
    place.ingest()
    shutil.rmtree(place.docs)
    assert place.ingest().status == 2
    (line,) = place.ingest(place.docs, "--prune").lines
    assert (line["state"], line["reason"]) == ("tombstoned", "object_gone")
    assert place.run("search", "alpha", "--json").lines[0]["total"] == 0


def test_a_known_content_is_read_from_its_artifact_and_not_by_ocr(place: Place) -> None:
    write_drawing(place.docs / "drawing.png")
    first = place.ingest().lines[0]
    (artifact,) = [path for path in (place.home / "artifacts").rglob("*") if path.is_file()]
    stored = json.loads(gzip.decompress(artifact.read_bytes()))
    stored["pages"][0]["text"] = "as stored"
    artifact.write_bytes(gzip.compress(json.dumps(stored).encode()))
    with closing(Manifest(place.home / "manifest.sqlite3")) as manifest:
        manifest.remove(first["file_path"])
    again = place.ingest().lines[0]
    assert again["skipped"] is False
    assert again["text_chars"] == len("as stored")
    ours = {"seconds": 0, "text_chars": 0}
    assert {**again, **ours} == {**first, **ours}


def test_settings_of_the_environment_apply(place: Place) -> None:
    write_drawing(place.docs / "drawing.png")
    assert place.ingest(CIS_LANGUAGES="eng").lines[0]["language"] == "eng"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"CIS_LANGUAGES": "xyz"}, "which tesseract does not have here"),
        ({"CIS_SLOTS": "none"}, "CIS_SLOTS"),
    ],
)
def test_wrong_settings_end_with_the_fix(place: Place, settings: dict[str, str], message: str) -> None:
    (place.docs / "a.txt").write_text("alpha")
    ended = place.ingest(**settings)
    assert ended.status == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_path_that_is_not_there_is_named_and_nothing_is_made(place: Place) -> None:
    ended = place.ingest(place.docs / "missing")
    assert ended.status == 2
    assert "no such file or folder" in ended.stderr
    assert not place.home.exists()


def test_a_home_that_cannot_be_written_is_named(place: Place, make_place: type[Place]) -> None:
    (place.docs / "a.txt").write_text("alpha")
    ended = make_place(place.docs, Path("/proc/home")).ingest()
    assert ended.status == 2
    assert "/proc/home cannot be used" in ended.stderr


@pytest.mark.parametrize("command", ["ingest", "search", "show", "similar"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    explain = [*python_command("worker"), command, "--help"]
    done = subprocess.run(explain, env=clean_environment({}), capture_output=True, check=True)
    assert f"cis-worker {command}" in done.stdout.decode()
