"""Settings become components."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker import app
from worker.config import load_settings
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


def test_every_setting_that_is_missing_is_named() -> None:
    with pytest.raises(MisconfiguredError) as caught:
        app.run(load_settings(queue_url="q"))
    message = str(caught.value)
    assert "CIS_QUEUE_URL" not in message
    for name in ("CIS_DLQ_URL", "CIS_RESULTS_BUCKET", "CIS_FILE_TABLE"):
        assert name in message


def test_what_decides_the_text_is_taken_from_the_settings() -> None:
    settings = load_settings(languages=("eng",), ocr_dpi=150, max_pixels=7)
    options = app.read_options(settings)
    assert options.languages == ("eng",)
    assert options.dpi == 150
    assert options.limits.max_pixels == 7


@pytest.mark.parametrize(
    ("listed", "passwords"),
    [("", ()), ("first", ("first",)), ("first,two ,", ("first", "two ")), ("first,b\nc\n", ("first,b", "c"))],
)
def test_passwords_stand_one_a_line_or_between_commas(listed: str, passwords: tuple[str, ...]) -> None:
    settings = load_settings(pdf_passwords=listed)

    assert app.read_options(settings).pdf_passwords == passwords
    assert "first" not in repr(settings)


def test_a_language_that_is_missing_ends_the_start_and_leaves_no_folder(tmp_path: Path) -> None:
    settings = load_settings(
        queue_url="q", dlq_url="d", results_bucket="r", file_table="t", languages=("tlh",), work_dir=tmp_path
    )
    with pytest.raises(MisconfiguredError, match="tesseract-ocr-tlh"):
        app.run(settings)
    assert list(tmp_path.iterdir()) == []
