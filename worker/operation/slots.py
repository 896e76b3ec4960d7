"""How many pages are OCRed at a time, and what decided it: the setting, the cores, or a CPU quota."""

from __future__ import annotations

from collections.abc import Sequence

from worker.config import Settings
from worker.operation.finding import Check, Finding, ok, warning
from worker.runtime.machine.cpus import Cpus, read_cpus

_SUBJECT = "slots"


def slots_rule(settings: Settings, cpus: Cpus | None = None) -> str:
    """What decided, in words."""
    return "CIS_SLOTS" if "slots" in settings.model_fields_set else (cpus or read_cpus()).rule


def slots_check(settings: Settings) -> Check:
    """The check of the slots against the CPUs this process may use."""
    return Check(
        subject=_SUBJECT,
        run=lambda: slot_findings(settings, read_cpus()),
        advice="Make sure that /proc is mounted.",
    )


def slot_findings(settings: Settings, cpus: Cpus) -> Sequence[Finding]:
    """Whether a page in every slot has a CPU of its own."""
    pages = f"{settings.slots} page{'s' if settings.slots != 1 else ''} at a time"
    if settings.slots > cpus.usable:
        return [
            warning(
                _SUBJECT,
                f"{pages}, by CIS_SLOTS, and CPUs for {cpus.usable} ({cpus.rule}): each takes longer, and "
                "no more are read in the same time.",
                "Leave CIS_SLOTS empty, or raise the CPU quota.",
            )
        ]
    return [ok(_SUBJECT, f"{pages}, by {slots_rule(settings, cpus)}")]
