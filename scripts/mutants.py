"""Break the code one place at a time, and see that the tests named for each place notice.

    python scripts/mutants.py [NAME-OR-TOPIC...]

A mutant is an entry of tests/mutants/<topic>.toml: a file, an exact text that occurs once in it, what
replaces it, and the tests that must fail then. Only those run, on a copy of the tree; before, they must pass
on the code as it is. Exit 1 when a mutant survives, 2 when an entry is wrong or its tests fail without it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "tests" / "mutants"
COPIED = ("worker", "tests", "scripts", "bench", "fuzz", "docs", "pyproject.toml", "README.md")
TIMEOUT_S = 300.0
"""A mutant may hang a test; that is noticed, too."""
ALL_PASSED, SOME_FAILED = 0, 1
PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--tb=line")


class CatalogueError(Exception):
    """An entry that cannot be applied; the message says which, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One fault that the tests `killed_by` must notice."""

    topic: str
    name: str
    file: str
    find: str
    replace: str
    killed_by: tuple[str, ...]

    def applied(self, text: str) -> str:
        """The file's text with the fault in it. Raises CatalogueError when `find` is not there just once."""
        if (count := text.count(self.find)) != 1:
            raise CatalogueError(f"{self.topic}/{self.name}: its text occurs {count} times in {self.file}")
        return text.replace(self.find, self.replace)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What the tests said about a mutant: killed, survived, timeout (counts as killed) or broken."""

    mutant: Mutant
    verdict: str
    seconds: float
    note: str = ""


def load(catalogue: Path, wanted: Sequence[str]) -> list[Mutant]:
    """The mutants of the catalogue whose name or topic is wanted (all when nothing is).

    Raises CatalogueError for an entry that lacks a field, a name that occurs twice, a name that is not there.
    """
    found: list[Mutant] = []
    for path in sorted(catalogue.glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", []):
            try:
                tests = tuple(entry.pop("killed_by"))
                found.append(Mutant(topic=path.stem, killed_by=tests, **entry))
            except (KeyError, TypeError) as error:
                raise CatalogueError(f"{path.name}: {entry.get('name', 'an entry')}: {error}") from error
    names = [mutant.name for mutant in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise CatalogueError(f"these names occur twice: {', '.join(sorted(twice))}")
    if unknown := set(wanted) - set(names) - {mutant.topic for mutant in found}:
        raise CatalogueError(f"no such mutant or topic: {', '.join(sorted(unknown))}")
    return [mutant for mutant in found if not wanted or {mutant.name, mutant.topic} & set(wanted)]


def copy_tree(target: Path) -> Path:
    """Copy what the tests need below `target`; the tools are linked."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / name)
    for name in (".tools", ".venv"):
        (target / name).symlink_to(ROOT / name)
    return target


def run_tests(tree: Path, tests: Iterable[str], *options: str) -> tuple[int | None, str]:
    """The exit status of pytest on a tree (None after the time-out), and the end of what it printed."""
    # The copy comes first: the environment has the package of the real tree installed.
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *PYTEST, *options, *tests]
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return None, "no end"
    return done.returncode, done.stdout[-2_000:] + done.stderr[-500:]


def check(mutant: Mutant, tree: Path) -> Result:
    """Put the fault in, run its tests, and take it out again."""
    path, began = tree / mutant.file, time.monotonic()
    sound = path.read_text(encoding="utf-8")
    path.write_text(mutant.applied(sound), encoding="utf-8")
    try:
        status, output = run_tests(tree, mutant.killed_by)
    finally:
        path.write_text(sound, encoding="utf-8")
    # A tree that cannot even be imported says nothing about the tests.
    verdicts = {ALL_PASSED: "SURVIVED", SOME_FAILED: "killed", None: "timeout"}
    verdict = verdicts.get(status, "BROKEN")
    note = "" if verdict in ("killed", "timeout") else output
    return Result(mutant=mutant, verdict=verdict, seconds=time.monotonic() - began, note=note)


def check_all(mutants: Sequence[Mutant], folder: Path, cores: int) -> Iterator[Result]:
    """Check mutants side by side, each in a tree that no other uses meanwhile; in the order given."""
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(cores):
        tree = folder / str(number)
        tree.mkdir()
        trees.put(copy_tree(tree))

    def in_a_tree(mutant: Mutant) -> Result:
        tree = trees.get()
        try:
            return check(mutant, tree)
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(cores) as pool:
        yield from pool.map(in_a_tree, mutants)


def check_sound(mutants: Sequence[Mutant], folder: Path) -> None:
    """Raise CatalogueError unless every entry applies and its tests pass without any mutant."""
    for mutant in mutants:
        mutant.applied((ROOT / mutant.file).read_text(encoding="utf-8"))
    tests = sorted({test for mutant in mutants for test in mutant.killed_by})
    tree = folder / "sound"
    tree.mkdir()
    status, output = run_tests(copy_tree(tree), tests)
    if status != ALL_PASSED:
        raise CatalogueError(f"the tests do not pass on the code as it is:\n{output}")
    sys.stdout.write(f"mutants: {len(tests)} tests pass without any of the {len(mutants)} mutants\n")


def show(result: Result) -> None:
    """Print the line of one mutant, with pytest's words where it was not killed."""
    mutant = result.mutant
    name = f"{mutant.topic}/{mutant.name}"
    sys.stdout.write(f"{result.verdict:9}{result.seconds:6.1f} s  {name}  {mutant.file}\n")
    if result.note:
        sys.stdout.write(result.note + "\n")
    sys.stdout.flush()


def main(wanted: Sequence[str], *, catalogue: Path = CATALOGUE) -> int:
    """Check, check, print a table."""
    try:
        mutants = load(catalogue, wanted)
        with tempfile.TemporaryDirectory(prefix="mutants-") as name:
            folder = Path(name)
            check_sound(mutants, folder)
            bad = 0
            for result in check_all(mutants, folder, os.cpu_count() or 1):
                bad += bool(result.note)
                show(result)
    except CatalogueError as error:
        sys.stderr.write(f"mutants: {error}\n")
        return 2
    sys.stdout.write(f"mutants: {len(mutants) - bad} of {len(mutants)} killed\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
