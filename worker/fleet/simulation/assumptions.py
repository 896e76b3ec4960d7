"""What a simulation assumes, said in a few lines: a plan is worth no more than they are."""

from __future__ import annotations

from worker.fleet.simulation.durations import describe_duration
from worker.fleet.simulation.scenarios.scenario import (
    Arrivals,
    Backfill,
    DocumentKind,
    OfficeDay,
    Scenario,
    Steady,
)
from worker.fleet.simulation.workload import Workload


def describe_assumptions(scenario: Scenario, load: Workload) -> dict[str, str]:
    """Topic -> what is assumed of it."""
    instances, quotas, prices = scenario.instances, scenario.quotas, scenario.prices
    work_h = load.work_s.sum() / 3600
    images = sum(int((load.kinds == at).sum()) * kind.images for at, kind in enumerate(scenario.documents))
    return {
        "arrivals": "; ".join(_describe_arrivals(each) for each in scenario.arrivals),
        "documents": f"{len(load):,} with {int(load.pages.sum()):,} pages and {images:,} images to embed: "
        + "; ".join(_describe_kind(kind, load, at) for at, kind in enumerate(scenario.documents)),
        "work": f"{work_h:,.0f} slot hours, {work_h / instances.vcpus:,.0f} hours of an instance",
        "instances": f"{instances.vcpus} vCPUs, one slot each; {describe_duration(instances.boot_s)} to boot"
        + (f", up to {describe_duration(instances.boot_spread_s)} more" if instances.boot_spread_s else "")
        + f"; the first {instances.on_demand_base} on demand, the others Spot, of which "
        f"{_describe_rate(instances.interruptions_per_hour)}, "
        f"{instances.without_notice:.0%} of them without a notice",
        "quotas": f"{_limit(quotas.vcpus, 'vCPUs')}; "
        f"{_limit(quotas.images_per_minute, 'image vectors a minute')}",
        "prices": f"{prices.currency}, {prices.region}, {prices.as_of}: {prices.spot_instance_hour:g} an "
        f"hour of a Spot instance, {prices.on_demand_instance_hour:g} on demand",
        "target": f"{scenario.target.percentile:g} % searchable within "
        f"{describe_duration(scenario.target.delay_s)} of their event",
        "left out": "downloads, uploads and outages; documents that fail; Spot capacity that is not there; "
        "what other programs use of the quotas",
    }


def _describe_arrivals(source: Arrivals) -> str:
    match source:
        case Steady():
            return f"{source.documents_per_hour:,.0f} an hour, day and night"
        case OfficeDay():
            return f"{source.documents_per_day:,.0f} a working day, {source.weekend:.0%} of it at weekends"
        case Backfill():
            return (
                f"{source.documents:,} queued at {source.documents_per_s:,.0f} a second "
                f"(`cis-worker backfill --rate {source.documents_per_s:g} --depth {source.documents}`)"
            )


def _describe_kind(kind: DocumentKind, load: Workload, at: int) -> str:
    of_kind = load.kinds == at
    pages = int(load.pages[of_kind].sum())
    seconds = load.work_s[of_kind].sum() / max(pages, 1)
    mean = pages / max(int(of_kind.sum()), 1)
    return f"{kind.share:.0%} {kind.name} ({mean:.1f} pages, {seconds:.2g} s a page)"


def _describe_rate(per_hour: float) -> str:
    return f"one is interrupted in {1 / per_hour:,.0f} hours" if per_hour else "none is interrupted"


def _limit(limit: float | None, what: str) -> str:
    return f"no limit of {what}" if limit is None else f"{limit:,.0f} {what}"
