"""Which groups are off, in files that are made to take for ever."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest

from tests.stand_ins.made_pdfs import raw_pdf
from worker.extract.pdf.group_states import GroupStates, Steps, TooComplexError

pytestmark = pytest.mark.unit


def _states(folder: Path, membership: bytes, others: dict[int, bytes], *, steps: Steps | None = None) -> bool:
    """Whether a membership of the groups 10, which is off, and 11 is off."""
    path = raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[10 0 R 11 0 R]/D<</OFF[10 0 R]>>>>>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            10: b"<</Type/OCG/Name(a)>>",
            11: b"<</Type/OCG/Name(b)>>",
            12: b"<</Type/OCMD%s>>" % membership,
            **others,
        },
    )
    with pikepdf.open(path) as pdf:
        properties = pdf.Root.OCProperties
        assert isinstance(properties, pikepdf.Dictionary)
        states = GroupStates(properties, steps or Steps())
        return states.is_off(pdf.get_object(12, 0))


@pytest.mark.parametrize(("last", "is_off"), [(b"11 0 R", False), (b"10 0 R", True)])
def test_an_expression_that_is_shared_ten_to_the_fifteenth_times_is_evaluated_once(
    tmp_path: Path, last: bytes, is_off: bool
) -> None:
    levels = {number: b"[/And%s]" % (b" %d 0 R" % inner * 10) for number, inner in pairwise(range(20, 36))}

    assert _states(tmp_path, b"/VE 20 0 R", {**levels, 35: b"[/And %s]" % last}) is is_off


@pytest.mark.parametrize(
    ("expression", "is_off"),
    [
        (b"[/And 20 0 R 11 0 R]", True),
        (b"[/Not 20 0 R]", True),
        (b"[/Or 20 0 R 10 0 R]", True),
        (b"[/Or 20 0 R 11 0 R]", False),
        (b"[/Or" * 200 + b" 11 0 R" + b"]" * 200, True),
    ],
)
def test_an_expression_without_an_end_hides_its_content_unless_the_rest_decides(
    tmp_path: Path, expression: bytes, is_off: bool
) -> None:
    assert _states(tmp_path, b"/VE 20 0 R", {20: expression}) is is_off


def test_steps_without_an_end_are_refused(tmp_path: Path) -> None:
    steps = Steps(most=1_000)

    with pytest.raises(TooComplexError, match="over 1000 steps"):
        _states(tmp_path, b"/OCGs[%s]" % (b" 11 0 R" * 1_000), {}, steps=steps)
