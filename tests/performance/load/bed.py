"""Everything that surrounds a run: its target, its workers, and the session of its users."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.performance.load.fleet import Fleet
from tests.performance.load.options import ENVIRONMENT, Options
from tests.performance.load.session import Session, open_session
from tests.performance.load.targets import choose, open_target, silence_bucket


@dataclass(kw_only=True)
class Bed:
    """What a run has, until `close`."""

    target: str
    session: Session
    fleet: Fleet
    closing: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Stop workers and servers."""
        self.closing.close()


def make_bed(options: Options) -> Bed:
    """Start what the target needs, check it, and start the workers.

    Raises LoadError or WorkerError, and leaves nothing running then.
    """
    with ExitStack() as closing:
        home = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="cis-load-")))
        target = choose(options.target, os.environ)
        # From here on everything reads the environment, whatever the target is.
        os.environ.update(closing.enter_context(open_target(target, home)))
        session = open_session()
        closing.callback(session.index.close)
        if target != ENVIRONMENT:
            silence_bucket(session.bucket)
        session.check()
        fleet = Fleet(dict(os.environ), home)
        closing.callback(fleet.close)
        fleet.resize(_workers(options, target))
        fleet.wait_until_ready()
        return Bed(target=target, session=session, fleet=fleet, closing=closing.pop_all())


def _workers(options: Options, target: str) -> int:
    if options.workers is not None:
        return options.workers
    return 0 if target == ENVIRONMENT else 1
