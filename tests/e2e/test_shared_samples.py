"""Real documents of other projects: each must end as their MANIFEST.tsv says."""

from __future__ import annotations

import csv
import json
import subprocess
import unicodedata
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from worker.embedded.child_process import clean_environment, python_command
from worker.index.sqlite.sqlite_index import SqliteIndex

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
DEADLINE_S = 1500

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(DEADLINE_S)]


@dataclass(frozen=True, slots=True)
class Ingested:
    """One run over all files."""

    status: int
    stderr: str
    home: Path
    lines: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    if not SAMPLES.is_dir():
        pytest.skip("../shared/samples is not here: these documents belong to other projects")
    with (SAMPLES / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _ingest(home: Path) -> Ingested:
    done = subprocess.run(
        [*python_command("worker"), "ingest", str(SAMPLES / "files"), "--home", str(home), "--json"],
        env=clean_environment({}),
        capture_output=True,
        check=False,
        timeout=DEADLINE_S,
    )
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    by_name = {Path(line["file_path"]).name: line for line in lines}
    assert len(by_name) == len(lines)
    return Ingested(done.returncode, done.stderr.decode(), home, by_name)


@pytest.fixture(scope="module")
def ingested(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    return _ingest(tmp_path_factory.mktemp("samples"))


def _compared(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def test_the_run_ends_well_with_one_line_a_file(rows: list[dict[str, str]], ingested: Ingested) -> None:
    assert ingested.status == 0, ingested.stderr
    assert "Traceback" not in ingested.stderr
    assert sorted(ingested.lines) == sorted(row["file"] for row in rows)


def test_every_file_ends_as_the_manifest_says(rows: list[dict[str, str]], ingested: Ingested) -> None:
    wrong = []
    with closing(SqliteIndex(ingested.home / "index.sqlite3")) as index:
        for row in rows:
            line = ingested.lines[row["file"]]
            document = index.document(line["file_id"])
            text = _compared("".join(page.text for page in document.pages)) if document else ""
            missing = [part for part in row["must_contain"].split("|") if _compared(part) not in text]
            reasons = [reason or None for reason in row["reasons"].split("|")]
            if line["state"] not in row["states"].split("|") or line["reason"] not in reasons or missing:
                wrong.append((row["file"], line["state"], line["reason"], missing, text[:200]))
    assert wrong == []


@pytest.mark.parametrize(
    ("query", "file"),
    [
        ("日本語テスト", "90ms_rksj_h_sample.pdf"),
        ("ライセンス", "issue-400-shiftjis.txt"),
        ('"Trace-based"', "tracemonkey.pdf"),
        ('"Swimming in the lake"', "word_sample.docx"),
        ('"Test Table Slide"', "powerpoint_sample.pptx"),
        ("日本オラクル", "testEXCEL_phonetic.xlsx"),
        ("Happy New Year 2003 embedded image", "testOCR.docx"),
    ],
)
def test_search_puts_the_right_file_first(ingested: Ingested, query: str, file: str) -> None:
    with closing(SqliteIndex(ingested.home / "index.sqlite3")) as index:
        hits = index.search(query).hits
    assert hits
    assert hits[0].file_name == file


def test_the_second_run_skips_all(ingested: Ingested) -> None:
    again = _ingest(ingested.home)
    assert again.status == 0
    assert [name for name, line in again.lines.items() if not line["skipped"]] == []
