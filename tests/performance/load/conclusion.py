"""The end of a run: its tables, and its exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.performance.load import report, verdict
from tests.performance.load.observation import Observation, say
from tests.performance.load.verdict import EVENT_TO_SEARCHABLE, Check, Requests

MET, MISSED, CANNOT_RUN, INTERRUPTED = 0, 1, 2, 130

_LOSSES_SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a run was: its title, the bound of a delay, and whether the system has to carry this load."""

    title: str
    bound_s: float
    must_carry: bool


def conclude(asked: Asked, requests: Sequence[Requests], observation: Observation | None) -> int:
    """Print the tables; returns the exit status. Without an observation only health endpoints were asked."""
    ordered = sorted(requests, key=lambda each: (each.kind != EVENT_TO_SEARCHABLE, each.kind, each.name))
    blocks = [report.requests_block(asked.title, ordered)]
    if observation is None:
        checks = verdict.health_checks(ordered)
    elif observation.is_interrupted or observation.drain is None:
        report.show(blocks)
        accounts = observation.accounts
        say(f"interrupted: {accounts.sent} files were sent, {accounts.backlog} not followed to their end")
        return INTERRUPTED
    else:
        checks = _checks(asked, ordered, observation)
        if not asked.must_carry:
            blocks.append(report.break_block(observation.timeline, observation.drain))
    report.show([*blocks, report.checks_block(checks)])
    missed = [check for check in checks if check.is_met is False]
    for check in missed:
        say(f"missed: {check.what}: {check.measured}, must be {check.must}")
    if observation is not None and not observation.accounts.ends:
        say("nothing was done at all: does a worker poll this queue?")
    if not checks:
        say("nothing was measured: no request was made")
    return MISSED if missed or not checks else MET


def _checks(asked: Asked, requests: Sequence[Requests], observation: Observation) -> list[Check]:
    accounts, drain = observation.accounts, observation.drain
    for line in list(accounts.losses())[:_LOSSES_SHOWN]:
        say(f"lost: {line}")
    checks = [
        verdict.account(accounts.sent, accounts.ends),
        *verdict.ends_of(accounts.ends),
        verdict.progress(accounts.ends),
    ]
    if not asked.must_carry or drain is None:
        return checks
    load = verdict.load_checks(requests, drain, bound_s=asked.bound_s)
    return [*load, *checks, *verdict.health_checks(requests)]
