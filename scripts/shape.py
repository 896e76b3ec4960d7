"""Print the largest folder of modules and how many entries the worker's top level has, in one line."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("worker", "bench", "fuzz", "infra")


def modules(folder: Path) -> int:
    """Modules that lie directly in a folder."""
    return len([path for path in folder.glob("*.py") if path.name != "__init__.py"])


def line() -> str:
    """What is printed."""
    folders = {path.parent for name in FOLDERS for path in (ROOT / name).rglob("*.py")}
    largest = max(sorted(folders), key=modules)
    top = [path for path in (ROOT / "worker").iterdir() if path.name not in ("__init__.py", "__pycache__")]
    return (
        f"largest folder: {largest.relative_to(ROOT)}, {modules(largest)} modules; "
        f"top level of worker/: {len(top)} entries"
    )


if __name__ == "__main__":
    sys.stdout.write(f"{line()}\n")
