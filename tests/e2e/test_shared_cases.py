"""Small documents of reported faults, beside the checkout: what must be read of each, and what must not."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from worker.embedded.child_process import clean_environment, python_command
from worker.index.sqlite.sqlite_index import SqliteIndex

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
DEADLINE_S = 900

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(DEADLINE_S)]

READ = (
    "hidden_layer.pdf",
    "kana_ext_a_business.pdf",
    "letter_spaced.pdf",
    "long_receipt.png",
    "mail.eml",
    "mixed_utf8_bad_byte.txt",
    "nbsp_payslip.pdf",
    "papers.zip",
    "plain_payslip.pdf",
    "portfolio.pdf",
    "radicals.pdf",
    "revisions.docx",
    "rot_short_90.png",
    "saved_page.mht",
    "total_ruby.pdf",
    "xfa_dynamic.pdf",
)
"""Those whose text is promised."""

COMPUTED = "no_cached_value.xlsx"
NOTED = {COMPUTED: "formulas"}
"""Those of which it is promised that what is not read is said, with its code."""


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, str]]:
    if not CASES.is_dir():
        pytest.skip("../shared/cases is not here")
    with (CASES / "EXPECTED.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
        return {row["file"]: row for row in rows}


@pytest.fixture(scope="module")
def home(expected: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, home = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("home")
    for name in (*READ, *NOTED):
        (folder / name).write_bytes((CASES / name).read_bytes())
    done = subprocess.run(
        [*python_command("worker"), "ingest", str(folder), "--home", str(home), "--json"],
        env=clean_environment({}),
        capture_output=True,
        check=False,
        timeout=DEADLINE_S,
    )
    lines = {
        Path(line["file_path"]).name: line for line in map(json.loads, done.stdout.decode().splitlines())
    }
    assert sorted(lines) == sorted(path.name for path in folder.iterdir()), done.stderr.decode()
    (home / "lines.json").write_text(json.dumps(lines), encoding="utf-8")
    return home


def _line(home: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((home / "lines.json").read_text(encoding="utf-8"))[name])


def _compared(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize("name", READ)
def test_what_must_be_read_is_read_and_nothing_that_must_not(
    home: Path, expected: dict[str, dict[str, str]], name: str
) -> None:
    with closing(SqliteIndex(home / "index.sqlite3")) as index:
        document = index.document(_line(home, name)["file_id"])
    assert document is not None
    text = _compared("\n".join(page.text for page in document.pages))
    lines = {_compared(line) for page in document.pages for line in page.text.splitlines()}
    row = expected[name]
    assert [part for part in row["must_find"].split("|") if _compared(part) not in text] == [], text
    for phrase in filter(None, map(str.strip, row["must_not_find"].split("|"))):
        as_line = phrase.removesuffix(" as a line of its own")
        assert _compared(as_line) not in (text if as_line == phrase else lines)


@pytest.mark.parametrize("name", ["nbsp_payslip.pdf", "plain_payslip.pdf"])
def test_a_perfect_layer_is_not_ocred(home: Path, name: str) -> None:
    assert _line(home, name)["text_sources"] == ["text_layer"]


@pytest.mark.parametrize("name", NOTED)
def test_what_is_not_read_is_said(home: Path, name: str) -> None:
    line = _line(home, name)
    if name == COMPUTED and shutil.which("soffice"):
        # LibreOffice computes what no program has.
        assert line["state"] == "indexed"
        return
    assert line["state"] == "partial"
    assert line["reason"] == NOTED[name]
