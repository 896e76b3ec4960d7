"""Copies infra/host/user-data.sh into the launch templates of infra/fleet.yaml, which can include no file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_INFRA = Path(__file__).parents[1] / "infra"
_INDENT = " " * 16
# The text of Fn::Sub, up to the names that are filled in beside the parameters.
_BLOCK = re.compile(r"(?<=\n {14}- \|\n).*?(?= {14}- LogGroupName:)", re.DOTALL)


def embed(template: str, script: str) -> str:
    """The template with the script as user data of each launch template."""
    lines = (f"{_INDENT}{line}" if line else "" for line in script.splitlines())
    text = "".join(f"{line}\n" for line in lines)
    return _BLOCK.sub(lambda _: text, template)


def main() -> int:
    """Write infra/fleet.yaml where it differs; with `--check` only report that, by the exit status."""
    path = _INFRA / "fleet.yaml"
    before = path.read_text(encoding="utf-8")
    after = embed(before, (_INFRA / "host" / "user-data.sh").read_text(encoding="utf-8"))
    if "--check" not in sys.argv[1:]:
        path.write_text(after, encoding="utf-8")
    return int("--check" in sys.argv[1:] and after != before)


if __name__ == "__main__":
    sys.exit(main())
