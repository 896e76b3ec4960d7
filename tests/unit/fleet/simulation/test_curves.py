"""Curves: both files are drawn, with what is in them, and are the same for the same comparison."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.unit.fleet.simulation.scenario_parts import make_scenario
from worker.fleet.simulation.comparison import compare
from worker.fleet.simulation.curves import draw_curves

pytestmark = pytest.mark.unit


def test_png_and_svg_are_drawn_and_the_same_again(tmp_path: Path) -> None:
    comparison = compare(make_scenario(title="事務所 $\\oops$ <b>\x07 😀", duration_days=0.05))
    drawn = draw_curves(comparison, tmp_path / "new", "plan")
    assert [path.relative_to(tmp_path).as_posix() for path in drawn] == ["new/plan.png", "new/plan.svg"]
    with Image.open(drawn[0]) as image:
        assert image.size == (1320, 1080)
        # Axes, three lines, a legend: more than a white sheet.
        assert len(image.convert("RGB").getcolors(1_000_000) or []) > 50
    vector = drawn[1].read_text(encoding="utf-8")
    assert vector.count('<g id="axes_') == 3
    again = draw_curves(comparison, tmp_path / "again", "plan")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in drawn]
