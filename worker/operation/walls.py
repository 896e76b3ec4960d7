"""The walls around the readers of documents: the doctor's findings, and when the worker does not start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from worker.config import Settings
from worker.errors import MisconfiguredError
from worker.operation.finding import Finding, failure, ok, warning
from worker.sandbox.confinement import WALLS_TO_HAVE, Walls

_SUBJECT = "readers"
WALL_ADVICE = "See docs/security.md for what each wall needs."
_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "namespace": (
            "Allow the worker to create user namespaces (sysctl user.max_user_namespaces, "
            "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; in a container "
            "a seccomp profile that allows unshare): docs/containers.md."
        ),
        "landlock": (
            "Use Linux 5.13 or later with landlock in /sys/kernel/security/lsm (boot parameter lsm=), and a "
            "seccomp profile that allows landlock_create_ruleset: docs/containers.md."
        ),
        "seccomp": "Use a kernel with CONFIG_SECCOMP_FILTER, on x86-64 or AArch64.",
        "non_dumpable": "Look for what keeps prctl(PR_SET_DUMPABLE) from working here.",
    }
)
_PRIMARY = ("namespace", "landlock")


def require_walls(settings: Settings, walls: Walls) -> None:
    """Raise MisconfiguredError where AWS credentials would be behind neither of the two main walls."""
    if is_start_refused(settings, walls):
        reasons = "; ".join(f"no {name} ({walls.missing[name]})" for name in _PRIMARY)
        raise MisconfiguredError(
            "A document that takes over its reader could reach this worker's AWS credentials, because "
            f"neither of two walls stands around the readers: {reasons}. Allow one of them "
            "(docs/security.md says how), or set CIS_ALLOW_UNCONFINED_READERS=true to run all the same."
        )


def is_start_refused(settings: Settings, walls: Walls) -> bool:
    """Whether `run` does not start with these walls: on AWS, with neither a namespace nor Landlock."""
    unconfined = all(name in walls.missing for name in _PRIMARY)
    return unconfined and settings.is_on_aws and not settings.allow_unconfined_readers


def wall_findings(settings: Settings, walls: Walls) -> Sequence[Finding]:
    """Which walls stand, and one finding for each that does not."""
    findings = [ok(_SUBJECT, f"walls that stand: {', '.join(walls.standing) or 'none'}")]
    for name, reason in walls.missing.items():
        message = f"The wall {name} does not stand ({reason})."
        if name not in WALLS_TO_HAVE:
            findings.append(ok(_SUBJECT, message))
        elif name in _PRIMARY and is_start_refused(settings, walls):
            findings.append(failure(_SUBJECT, message, f"{_ADVICE[name]} Or CIS_ALLOW_UNCONFINED_READERS."))
        else:
            findings.append(warning(_SUBJECT, message, _ADVICE[name]))
    return findings
