"""The options of a load run, beside Locust's own; each has a variable, too."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass

from tests.performance.load.errors import LoadError

AUTO, LOCAL, SERVERS, ENVIRONMENT = "auto", "local", "servers", "environment"
SHAPES = ("steady", "spike", "stress", "office-day")

# What users feel of a file server: a file can be found before one has switched to the search and typed.
_BOUND_S = 10.0
_CARRIED_USERS = 10
_TARGET_HELP = (
    "local: its own `cis-worker local`; servers: OpenSearch, ElasticMQ, dynalite; environment: what AWS_ "
    "and CIS_ variables name; auto: environment where CIS_QUEUE_URL is set, else local"
)
# Longer than the visibility timeout of a message whose worker was lost.
_STALL_S = 150.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What a run was asked for."""

    target: str
    shape: str
    bound_s: float
    carried_users: int
    workers: int | None
    health_url: str
    stall_s: float
    clean_up: bool


def add_options(parser: ArgumentParser) -> None:
    """Add the options to Locust's parser (ConfigArgParse, which knows `env_var`)."""
    group = parser.add_argument_group("cis-worker load", "docs/performance.md explains them")

    def add(name: str, variable: str, text: str, **more: object) -> None:
        group.add_argument(name, env_var=variable, help=text, **more)  # type: ignore[arg-type]

    add("--target", "LOAD_TARGET", _TARGET_HELP, choices=(AUTO, LOCAL, SERVERS, ENVIRONMENT), default=AUTO)
    add("--load-shape", "LOAD_SHAPE", "a course of the load", choices=("", *SHAPES), default="")
    add(
        "--searchable-within",
        "LOAD_SEARCHABLE_WITHIN_S",
        "seconds: bound of the p95 from the event to a searchable document",
        type=float,
        default=_BOUND_S,
    )
    add(
        "--carried-users",
        "LOAD_CARRIED_USERS",
        "up to so many users the bounds must hold; with more, the run shows where it breaks",
        type=int,
        default=_CARRIED_USERS,
    )
    add(
        "--cis-workers",
        "LOAD_CIS_WORKERS",
        "workers to start here (default: 1, and 0 for the target environment)",
        type=int,
    )
    add("--health-url", "LOAD_HEALTH_URL", "address of a worker's health server", default="")
    add(
        "--stall-s",
        "LOAD_STALL_S",
        "seconds without any progress after which the rest of a backlog is given up",
        type=float,
        default=_STALL_S,
    )
    add("--clean-up", "LOAD_CLEAN_UP", "delete the files at the end, with their events", action="store_true")


def read_options(parsed: Namespace) -> Options:
    """The options as parsed. Raises LoadError for a number out of range."""
    options = Options(
        target=parsed.target,
        shape=parsed.load_shape,
        bound_s=parsed.searchable_within,
        carried_users=parsed.carried_users,
        workers=parsed.cis_workers,
        health_url=parsed.health_url.rstrip("/"),
        stall_s=parsed.stall_s,
        clean_up=parsed.clean_up,
    )
    if options.bound_s <= 0 or options.stall_s <= 0:
        raise LoadError("--searchable-within and --stall-s must be more than 0 seconds.")
    if options.workers is not None and options.workers < 0:
        raise LoadError("--cis-workers must be 0 or more.")
    return options
