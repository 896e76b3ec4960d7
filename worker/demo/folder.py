"""The folder of the demo: created, or emptied when an earlier demo made it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from worker.errors import MisconfiguredError

_MARKER = ".cis-demo"
_PAGE = "index.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoHome:
    """The folder of a run, and the paths in it."""

    folder: Path

    @property
    def samples(self) -> Path:
        """The generated files, with their true text in a folder beside them."""
        return self.folder / "samples"

    @property
    def page(self) -> Path:
        """The page that shows the run."""
        return self.folder / _PAGE

    def prepare(self) -> None:
        """Create the folder, or empty it of an earlier run.

        Raises MisconfiguredError when it holds files that are not from a demo.
        """
        if self.folder.exists():
            self._require_own()
            self._empty(keep=())
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _MARKER).write_text("Made by `cis-worker demo`, which empties this folder.\n")

    def make_work_folder(self) -> Path:
        """The folder that the workers keep their temporary files in."""
        folder = self.folder.resolve() / "work"
        folder.mkdir(exist_ok=True)
        return folder

    def keep_page_only(self) -> None:
        """Remove everything but the page."""
        self._empty(keep=(_MARKER, _PAGE))

    def _require_own(self) -> None:
        if not self.folder.is_dir():
            raise MisconfiguredError(f"{self.folder} is not a folder; choose another one with --home.")
        if any(self.folder.iterdir()) and not (self.folder / _MARKER).is_file():
            raise MisconfiguredError(
                f"{self.folder} is not empty and was not made by the demo, so it is left alone; "
                "choose another folder with --home."
            )

    def _empty(self, *, keep: tuple[str, ...]) -> None:
        for entry in self.folder.iterdir():
            if entry.name in keep:
                continue
            # A link is removed itself: what it points to is not from the demo.
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
