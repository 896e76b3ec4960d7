"""Which index this process may write to."""

from __future__ import annotations

import pytest

from worker.errors import MisconfiguredError
from worker.index import analysis_version
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion

pytestmark = pytest.mark.unit

_WITH, _OTHER = "1 sudachidict-core 20250101", "1 sudachidict-core 20260101"
_WITHOUT, _NEXT = "1 none", "2 sudachidict-core 20250101"


@pytest.mark.parametrize("text", [_WITH, _WITHOUT, str(OWN_ANALYSIS)])
def test_a_version_is_read_as_it_is_written(text: str) -> None:
    assert str(AnalysisVersion.parse(text)) == text


@pytest.mark.parametrize(
    ("index", "own", "is_writable"),
    [
        (_WITH, _WITH, True),
        (_WITH, _OTHER, False),
        (_WITH, _WITHOUT, False),
        (_WITHOUT, _WITHOUT, True),
        (_WITHOUT, _WITH, True),
        (_WITH, _NEXT, False),
        (_WITHOUT, _NEXT, False),
    ],
)
def test_an_index_takes_tokens_of_its_own_analysis(index: str, own: str, is_writable: bool) -> None:
    assert AnalysisVersion.parse(index).is_writable(AnalysisVersion.parse(own)) is is_writable


@pytest.mark.parametrize(
    ("index", "own", "is_behind"),
    [
        (_WITH, _NEXT, True),
        (_WITHOUT, _NEXT, True),
        ("9 none", "10 none", True),
        (_WITH, "2 none", False),
        (_NEXT, _WITH, False),
        (_WITH, _OTHER, False),
        ("", _WITH, False),
    ],
)
def test_an_earlier_analysis_is_behind_one_that_knows_as_much(index: str, own: str, is_behind: bool) -> None:
    assert AnalysisVersion.parse(index).is_behind(AnalysisVersion.parse(own)) is is_behind


@pytest.mark.parametrize(
    ("own", "remedy"), [(_WITHOUT, "extra `japanese`"), (_OTHER, "run the version that made it")]
)
def test_a_refusal_says_what_to_do(own: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_version, "OWN_ANALYSIS", AnalysisVersion.parse(own))
    with pytest.raises(MisconfiguredError, match="reindex") as caught:
        AnalysisVersion.parse(_WITH).check_writable("index.sqlite3")
    assert remedy in str(caught.value)
    assert "index.sqlite3" in str(caught.value)
    AnalysisVersion.parse(own).check_writable("index.sqlite3")
