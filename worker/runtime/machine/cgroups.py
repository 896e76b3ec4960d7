"""The control groups this process is in, as folders: its own first, then those above it."""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def own_cgroups(*, proc: Path = PROC, cgroups: Path = CGROUPS) -> list[Path]:
    """Those of version 2; none where the kernel does not report them."""
    path = next((path for controllers, path in _memberships(proc) if not controllers), "")
    return _with_parents(path, cgroups)


def own_cgroups_v1(controller: str, *, proc: Path = PROC, cgroups: Path = CGROUPS) -> list[Path]:
    """Those of version 1 for one controller, which shares its mount with others where they are named so."""
    for controllers, path in _memberships(proc):
        if controller in controllers.split(","):
            mounts = (cgroups / controllers, cgroups / controller)
            return _with_parents(path, next((each for each in mounts if each.is_dir()), cgroups / controller))
    return []


def _memberships(proc: Path) -> list[tuple[str, str]]:
    """Controllers (none for version 2) and path of each line of /proc/self/cgroup."""
    try:
        lines = (proc / "self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    fields = [line.split(":", 2) for line in lines]
    return [(parts[1], parts[2]) for parts in fields if len(parts) == len(("id", "controllers", "path"))]


def _with_parents(path: str, mount: Path) -> list[Path]:
    # In a container with a namespace of its own the path is `/`, and the limit is in the mount's root itself.
    folder = mount / path.strip("/")
    return [each for each in (folder, *folder.parents) if each.is_relative_to(mount)]
