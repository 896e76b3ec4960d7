"""Which tests belong to a module of the worker.

Most tests lie where their module does, below one of the folders of `tests/`: those of `worker/extract/` in
`tests/unit/extract/`, `tests/integration/extract/` and so on. A test of the whole worker lies elsewhere;
`tests/modules.toml` says what it is about.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path

from scripts.suite.place import ROOT, RefusedError

TABLE = "tests/modules.toml"
_MAX_NEAR = 3
_LEAST_LIKENESS = 0.65


class ModuleTests:
    """The tests of each module of a project."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._worker = root / "worker"

    def packages(self) -> list[str]:
        """The packages of `worker/`."""
        return sorted(path.parent.name for path in self._worker.glob("*/__init__.py"))

    def counts(self) -> dict[str, int]:
        """Package -> how many files of tests it has."""
        return {name: len(self.files(name)) for name in self.packages()}

    def files(self, name: str) -> list[str]:
        """The test files of a module, relative to the project."""
        found: set[str] = set()
        for place in self.places(name):
            path = self._root / place
            files = path.rglob("test_*.py") if path.is_dir() else [path]
            found |= {file.relative_to(self._root).as_posix() for file in files}
        return sorted(found)

    def places(self, name: str) -> list[str]:
        """Folders and files to give to pytest, quick ones first. Raises RefusedError for no module."""
        parts = name.strip("/").removesuffix(".py").replace("/", ".").removeprefix("worker.").split(".")
        path = self._worker.joinpath(*parts)
        if parts == [""] or not (path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()):
            raise RefusedError(self._unknown(name))
        mirrored = self._folders(parts) if path.is_dir() else self._files_of_module(path)
        found = [place.relative_to(self._root).as_posix() for place in mirrored]
        listed = self.table().get(".".join(parts), [])
        return sorted({*found, *listed}, key=_quick_first)

    def table(self) -> dict[str, list[str]]:
        """Module -> tests of the whole worker that are about it."""
        path = self._root / TABLE
        return dict(tomllib.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def _floors(self) -> list[Path]:
        return sorted(path for path in (self._root / "tests").iterdir() if path.is_dir())

    def _folders(self, parts: list[str]) -> Iterator[Path]:
        for floor in self._floors():
            folder = floor.joinpath(*parts)
            if any(folder.rglob("test_*.py")):
                yield folder

    def _files_of_module(self, module: Path) -> Iterator[Path]:
        """`test_<module>.py` and `test_<module>_<topic>.py`, unless a longer module owns the latter."""
        siblings = [path.stem for path in module.parent.glob("*.py") if path.stem.startswith(module.stem)]
        longer = [f"test_{name}" for name in siblings if name != module.stem]
        for floor in self._floors():
            folder = floor / module.parent.relative_to(self._worker)
            for path in folder.glob(f"test_{module.stem}*.py"):
                if _is_of(path.stem, f"test_{module.stem}") and not any(
                    _is_of(path.stem, one) for one in longer
                ):
                    yield path

    def _unknown(self, name: str) -> str:
        near = self._near(name)
        guess = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"no module {name!r} in worker/.{guess} --list-modules prints the packages."

    def _near(self, name: str) -> list[str]:
        """Modules whose name, or the last part of it, is much like this one; that of a module first."""
        wanted = name.rpartition(".")[2].rpartition("/")[2]
        by_last: dict[str, list[str]] = {}
        for one in self._names():
            by_last.setdefault(one.rpartition(".")[2], []).append(one)
        close = difflib.get_close_matches(wanted, by_last, n=_MAX_NEAR, cutoff=_LEAST_LIKENESS)
        return [one for last in close for one in sorted(by_last[last], key=len)][:_MAX_NEAR]

    def _names(self) -> Iterator[str]:
        for path in self._worker.rglob("*.py"):
            inside = path.relative_to(self._worker)
            if path.name != "__init__.py":
                yield ".".join(inside.with_suffix("").parts)
            elif path.parent != self._worker:
                yield ".".join(inside.parent.parts)


def _quick_first(place: str) -> tuple[bool, bool, str]:
    """Unit tests say in seconds what a test of the whole worker says in minutes."""
    return not place.startswith("tests/unit/"), not place.startswith("tests/integration/"), place


def _is_of(stem: str, prefix: str) -> bool:
    return stem == prefix or stem.startswith(f"{prefix}_")
