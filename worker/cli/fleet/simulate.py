"""The command that plans a fleet: simulate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.printing import print_json
from worker.errors import Code, MisconfiguredError

if TYPE_CHECKING:
    from worker.fleet.simulation.comparison import Comparison


def simulate(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="What the fleet meets.")],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the curves go.")] = Path(),
    curves: Annotated[bool, typer.Option(help="Draw the curves, as PNG and SVG.")] = True,
    seed: Annotated[int | None, typer.Option(min=0, help="Another one than the scenario's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Simulate a fleet under several scaling policies: how long documents wait, and what that costs.

    Nothing is read from AWS or done there. The policies are those of `cis-worker scale`, a native target
    tracking policy and fleets of a fixed size. The same scenario and seed give the same figures. The curves
    are written to SCENARIO.png and SCENARIO.svg in the current folder, or in that of --out.

    Exit status: 0, or 2 where the scenario has a fault.

    Example: `cis-worker simulate infra/scenarios/office-day.yaml --out reports`
    """
    from worker.cli.fleet.simulate_display import comparison_values, print_comparison

    comparison, paths = _compare(scenario, out, seed=seed, is_drawing=curves)
    if as_json:
        print_json(comparison_values(comparison, paths))
    else:
        print_comparison(comparison, paths)


def _compare(
    path: Path, folder: Path, *, seed: int | None, is_drawing: bool
) -> tuple[Comparison, list[Path]]:
    from worker.cli.progress_line import ProgressLine

    try:
        # What a simulation needs beside the worker is an extra.
        from worker.fleet.simulation.comparison import compare
        from worker.fleet.simulation.scenarios.scenario_file import load_scenario

        if is_drawing:
            from worker.fleet.simulation.curves import draw_curves
    except ModuleNotFoundError as error:
        raise MisconfiguredError(
            f"A simulation needs {error.name}, which is not installed here: run pip install "
            "'cis-worker[simulate]', or use --no-curves where only matplotlib is missing",
            code=Code.PROGRAM_MISSING,
        ) from error
    loaded = load_scenario(path)
    if seed is not None:
        loaded = loaded.model_copy(update={"seed": seed})
    with ProgressLine() as progress:
        found = compare(loaded, lambda text: progress.show("simulating", text))
    if not is_drawing:
        return found, []
    try:
        return found, draw_curves(found, folder, path.stem)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MisconfiguredError(
            f"The curves cannot be written to {folder}: {reason}. Name a folder with --out, or use "
            "--no-curves."
        ) from error
