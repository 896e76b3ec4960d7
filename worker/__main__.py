"""`cis-worker`, and `python -m worker`: the command line, on a system that it can run on."""

from __future__ import annotations

import sys

_ELSEWHERE = (
    "cis-worker: it runs on Linux, and this is {platform}; run it in its container (docs/containers.md), "
    "or on Windows in WSL [misconfigured]"
)
"""What keeps a hostile file inside its process (namespaces, Landlock, seccomp, prctl) is the kernel's."""

_NOTHING_BEGUN = "cis-worker: stopped before anything was begun; nothing has changed\n"
_STOPPED = 130


def main() -> None:
    """Run the command line; 2 with one line where the system is another one than Linux."""
    if sys.platform != "linux":
        sys.stderr.write(_ELSEWHERE.format(platform=sys.platform) + "\n")
        sys.exit(2)
    try:
        # Not before: modules below import what only Linux has.
        from worker.cli.main import main as run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        # While modules are imported; a command that has begun hears of its own.
        sys.stderr.write(_NOTHING_BEGUN)
        sys.exit(_STOPPED)


if __name__ == "__main__":
    main()
