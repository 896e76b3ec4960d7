"""The differences between the four servers; the rest is common to all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPES = Path(__file__).parent / "recipes"


class ServerError(Exception):
    """A server could not be built or started; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """How a built server is started."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A request that only a working server answers with 200; an open port proves nothing."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A server: its recipe (a folder of `recipes/`), its build, its start and its probe.

    `variable` names a server that runs already. `build` works inside the folder it is given, a copy of the
    recipe. `launch` takes that folder, a free port and an empty folder for data. `settings` are the
    variables that point a worker at it.
    """

    name: str
    variable: str
    build: Callable[[Path], None]
    launch: Callable[[Path, int, Path], Launch]
    question: Question
    settings: tuple[str, ...]
    optional: bool = False

    @property
    def recipe(self) -> Path:
        """The folder with the files of the build."""
        return RECIPES / self.name
