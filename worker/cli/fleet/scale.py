"""The command that scales the workers' Auto Scaling group: scale."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from worker.cli.fleet import scale_options as options
from worker.cli.fleet.scale_options import Policy

if TYPE_CHECKING:
    from worker.cli.fleet.scale_display import ScaleDisplay
    from worker.fleet.scaling_manager import ScalingManager
    from worker.fleet.work_plan import WorkPlan

_WORK_COOLDOWN_S = 60.0
_STEP_COOLDOWN_S = 300.0


def scale(
    *,
    policy: options.PolicyOption = Policy.WORK,
    group: options.Group = "",
    minimum: options.Minimum = 1,
    maximum: options.Maximum = 10,
    cooldown_s: options.Cooldown = None,
    in_cooldown: options.ScaleInCooldown = 300.0,
    sustained: options.Sustained = 5,
    delay: options.Delay = 900.0,
    boot: options.Boot = 180.0,
    pages: options.Pages = 8.0,
    rate: options.Rate = 50.0,
    slots: options.Slots = 2,
    quota: options.Quota = None,
    out_threshold: options.OutThreshold = 10,
    in_threshold: options.InThreshold = 2,
    messages: options.Messages = 10,
    increment: options.Increment = 2,
    loop: options.Loop = False,
    interval: options.Interval = 60.0,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Scale the workers' Auto Scaling group by what waits in the queue: once, for a timer, or in a loop.

    A run each minute is best, at most five minutes apart. The cooldown and the last minutes are kept in the
    ledger's table, so that of two runs one acts. A group with scaling policies of its own is left to those,
    and only instances without documents in hand are taken.

    Exit status: 0, also when nothing was to be done; 2 when the group scales itself, something is missing or
    AWS cannot be reached; 130 after Ctrl-C.

    Example: `. local.env && cis-worker scale --max 20 --delay 900 --dry-run`
    """
    from worker.cli.fleet.scale_display import ScaleDisplay
    from worker.fleet.scaling_manager import ScalingManager
    from worker.runtime import log

    log.configure("warning", stream=sys.stderr)
    is_work = policy is Policy.WORK
    cooldown = cooldown_s if cooldown_s is not None else _WORK_COOLDOWN_S if is_work else _STEP_COOLDOWN_S
    bound = (out_threshold, in_threshold, messages, increment, cooldown, in_cooldown, minimum, maximum)
    plan = _plan(delay, boot, sustained, pages, rate, slots, quota) if is_work else None
    manager = ScalingManager(group or None, None, *bound, sustained, work=plan)
    display = ScaleDisplay(policy=policy.value, is_dry_run=dry_run, as_json=as_json, is_loop=loop)
    if not loop:
        _run(manager, display)
        return
    raise typer.Exit(_run_until_stopped(manager, display, interval_s=interval))


def _plan(  # noqa: PLR0917 - the options of this policy, in their order
    delay_s: float, boot_s: float, sustained: int, pages: float, rate: float, slots: int, quota: float | None
) -> WorkPlan:
    """The plan of the options; how many calls a document causes follows from the worker's settings."""
    from worker.config import load_settings
    from worker.fleet.decision import PageEstimate, WorkPolicy
    from worker.fleet.work_plan import WorkPlan

    settings = load_settings()
    return WorkPlan(
        policy=WorkPolicy(
            acceptable_delay_s=delay_s,
            boot_s=boot_s,
            sustained_minutes=sustained,
            slots_per_instance=slots,
        ),
        # Half as much again: page counts of documents vary about as much as that.
        pages=PageEstimate(mean=pages, deviation=1.5 * pages),
        instance_pages_per_minute=rate,
        calls_per_document=float(bool(settings.image_model)),
        calls_per_page=float(bool(settings.text_model)),
        quota_calls_per_minute=quota,
    )


def _run(manager: ScalingManager, display: ScaleDisplay) -> None:
    """One run. Raises WorkerError."""
    if not display.is_dry_run:
        manager.require_no_native_policy()
    evaluation = manager.evaluate_scaling(record=not display.is_dry_run)
    display.show(evaluation, None if display.is_dry_run else manager.apply(evaluation))
    if display.is_dry_run:
        # After what would be right: a comparison with the group's own policy is worth something.
        manager.require_no_native_policy()


def _run_until_stopped(manager: ScalingManager, display: ScaleDisplay, *, interval_s: float) -> int:
    """Runs until a signal; the exit status. An outage is reported, and the next run tries again."""
    from worker.cli.interruption import handle_signals
    from worker.errors import TransientError

    with handle_signals() as interruption:
        try:
            while not interruption.is_requested:
                try:
                    _run(manager, display)
                except TransientError as error:
                    typer.echo(f"cis-worker: {error} [{error.code}]", err=True)
                interruption.wait(interval_s)
        except KeyboardInterrupt:
            pass
    return interruption.status
