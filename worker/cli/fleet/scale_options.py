"""The options of `scale`, by what they belong to: both policies, policy work, policy step."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Policy(StrEnum):
    """By pages within a delay, or by messages in steps."""

    WORK = "work"
    STEP = "step"


PolicyOption = Annotated[Policy, typer.Option(help="By pages in time, or by messages in steps.")]
Group = Annotated[str, typer.Option(metavar="NAME", help="The group; else CIS_AUTOSCALING_GROUP.")]
Minimum = Annotated[int, typer.Option("--min", min=0, help="Fewest instances.")]
Maximum = Annotated[int, typer.Option("--max", min=0, help="Most instances.")]
Cooldown = Annotated[
    float | None,
    typer.Option(
        "--cooldown",
        min=0,
        metavar="SECONDS",
        help="From a scale-out to the next. [default: work 60, step 300]",
    ),
]
ScaleInCooldown = Annotated[
    float,
    typer.Option("--scale-in-cooldown", min=0, metavar="SECONDS", help="From any action to a scale-in."),
]
Sustained = Annotated[
    int, typer.Option(min=1, max=30, metavar="MINUTES", help="How long fewer must have sufficed.")
]
Loop = Annotated[bool, typer.Option("--loop", help="Again and again, until Ctrl-C.")]
Interval = Annotated[
    float, typer.Option(min=1, max=300, metavar="SECONDS", help="Between two runs of a loop.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a run instead of text.")]

Delay = Annotated[
    float,
    typer.Option(min=60, metavar="SECONDS", help="Work: from arrival to the end of a document."),
]
Boot = Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Work: until a new instance reads.")]
Pages = Annotated[
    float, typer.Option("--pages-per-document", min=0.1, help="Work: until workers report their own.")
]
Rate = Annotated[
    float,
    typer.Option("--pages-per-minute", min=0.1, help="Work: of an instance, until workers report it."),
]
Slots = Annotated[int, typer.Option(min=1, help="Work: documents an instance reads at a time.")]
Quota = Annotated[
    float | None,
    typer.Option(min=1, metavar="CALLS", help="Work: embedding calls a minute that Bedrock allows."),
]

OutThreshold = Annotated[
    int, typer.Option("--scale-out-threshold", min=0, help="Step: messages over which it scales out.")
]
InThreshold = Annotated[
    int, typer.Option("--scale-in-threshold", min=0, help="Step: messages down to which it scales in.")
]
Messages = Annotated[int, typer.Option("--messages-per-instance", min=1, help="Step: one for so many.")]
Increment = Annotated[int, typer.Option(min=1, help="Step: most instances of one scale-out.")]
