"""Building a server from its recipe, once, into `.tools/servers/<name>`."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.servers.kind import ROOT, Kind
from tests.servers.lock import locked

BUILT = ROOT / ".tools" / "servers"
_STAMP = ".built-from"
_LONGEST_S = 1_800


def built(kind: Kind, *, into: Path = BUILT) -> Path:
    """The folder of the built server; builds it first when the recipe has changed. Raises ServerError."""
    folder = into / kind.name
    wanted = fingerprint(kind.recipe, folder)
    with locked(into / f"{kind.name}.lock", within_s=_LONGEST_S):
        stamp = folder / _STAMP
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(kind.recipe, folder)
            kind.build(folder)
            # Last, so that an interrupted build is repeated.
            stamp.write_text(wanted, encoding="utf-8")
    return folder


def fingerprint(recipe: Path, folder: Path) -> str:
    """A hash of the recipe's files and of the folder: a virtual environment cannot be moved."""
    digest = hashlib.sha256(str(folder).encode())
    for path in sorted(path for path in recipe.rglob("*") if path.is_file()):
        digest.update(f"\0{path.relative_to(recipe)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
