"""A document as rows, and back; what a search finds of it is in test_schema.py."""

from __future__ import annotations

import pytest

from worker.index.document_rows import folded_path

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("path", "folded"),
    [
        ("/Share/Report.PDF", "/share/report.pdf"),
        ("\\\\nas\\部門\\ＡＢＣ.pdf", "//nas/部門/abc.pdf"),
        ("ﾊﾟﾘ.txt", "パリ.txt"),
    ],
)
def test_paths_are_compared_without_case_width_or_kind_of_separator(path: str, folded: str) -> None:
    assert folded_path(path) == folded
