"""LoadRun: a run's listeners on Locust's events, from the options to the exit status."""

from __future__ import annotations

import logging
import os
import signal
import sys
from argparse import Namespace
from typing import Any

import gevent
from locust import User
from locust.env import Environment
from locust.runners import LocalRunner
from locust.stats import StatsEntry

from tests.performance.load import conclusion
from tests.performance.load.accounts import SentFile
from tests.performance.load.bed import Bed, make_bed
from tests.performance.load.conclusion import CANNOT_RUN, INTERRUPTED, Asked
from tests.performance.load.errors import LoadError
from tests.performance.load.files import Corpus
from tests.performance.load.observation import Observation, say
from tests.performance.load.options import ENVIRONMENT, Options, add_options, read_options
from tests.performance.load.probe import Arrival
from tests.performance.load.shapes import SHAPES, CourseShape
from tests.performance.load.verdict import EVENT_TO_SEARCHABLE, HEALTH, Requests
from worker.errors import WorkerError


class LoadRun:
    """The state of a run. Users reach AWS, the corpus and the accounts through it."""

    bed: Bed
    options: Options
    corpus: Corpus
    observation: Observation | None = None

    def __init__(self, *, health_user: type[User]) -> None:
        self._health_user = health_user
        self._shape: CourseShape | None = None
        self._environment: Environment
        self._on_sigint: Any = None
        self._peak_users = self._other_users = 0
        self._is_health_only = False
        self._keys: list[str] = []
        self.has_bed = False
        self.host = ""

    def register(self, events: Any) -> None:
        """Listen to Locust's events, which have no types."""
        events.init_command_line_parser.add_listener(lambda parser, **_: add_options(parser))
        events.init.add_listener(self.prepare)
        events.test_start.add_listener(self.begin)
        events.test_stop.add_listener(self.end)
        events.request.add_listener(self.note)
        events.quitting.add_listener(self.conclude)
        events.quit.add_listener(self.close)

    def health_url(self, number: int) -> str | None:
        """The health server to ask, those of our workers by turns; None while there is none."""
        if self.host:
            return self.host
        urls = self.bed.fleet.health_urls()
        return urls[number % len(urls)] if urls else None

    def prepare(self, environment: Environment, **_: Any) -> None:
        """Start the target before any user; what cannot run says so in one line."""
        self._environment = environment
        # Each refused connection would be a traceback beside the line that says it.
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)
        # Not signal.signal: that handler would run in any greenlet, and a thread swallows its error.
        self._on_sigint = gevent.signal_handler(signal.SIGINT, self._interrupt)
        try:
            self._prepare(environment)
        except (LoadError, WorkerError) as error:
            say(str(error))
            self.close()
            sys.exit(CANNOT_RUN)
        except KeyboardInterrupt:
            say("interrupted before the run began")
            self.close()
            sys.exit(INTERRUPTED)

    def _prepare(self, environment: Environment) -> None:
        if not isinstance(environment.runner, LocalRunner):
            raise LoadError("One process carries the load: run without --master, --worker and --processes.")
        self.options = read_options(environment.parsed_options or Namespace())
        self.host = self.options.health_url or (environment.host or "").rstrip("/")
        is_health_only = self._is_health_only = environment.user_classes == [self._health_user]
        if not (is_health_only and self.host):
            self.corpus = Corpus(int.from_bytes(os.urandom(4), "big"))
            self.bed = make_bed(self.options)
            self.has_bed = True
            say(
                f"target {self.bed.target}: files go to s3://{self.bed.session.bucket}/{self.bed.session.prefix}"
            )
        if is_health_only and not self.host and not self.bed.fleet.size:
            raise LoadError(
                "No health server is known: set LOAD_HEALTH_URL, or start workers (--cis-workers)."
            )
        self._choose_users(environment)
        self._choose_shape(environment)

    def _choose_users(self, environment: Environment) -> None:
        """One user for the health endpoints, on top of those of the load; none where no server is known."""
        options, health = environment.parsed_options or Namespace(), self._health_user
        options.num_users = options.num_users or 1
        self._peak_users = options.num_users
        if health not in environment.user_classes or len(environment.user_classes) == 1:
            return
        if self.host or self.bed.fleet.size:
            health.fixed_count, self._other_users = 1, 1
            options.num_users += 1
            return
        environment.user_classes = [each for each in environment.user_classes if each is not health]
        say("the health endpoints are not asked: LOAD_HEALTH_URL names none, and no worker was started here")

    def _choose_shape(self, environment: Environment) -> None:
        if not self.options.shape:
            return
        shape = SHAPES[self.options.shape]()
        shape.other_users = self._other_users
        shape.run_time_s = environment.parsed_options.run_time if environment.parsed_options else None
        shape.has_broken = lambda: bool(self.observation and self.observation.timeline.first_break)
        if self.has_bed and self.bed.fleet.size:
            shape.resize = self.bed.fleet.resize
        shape.runner = environment.runner
        environment.shape_class = shape
        self._shape, self._peak_users = shape, shape.course.peak_users

    def begin(self, environment: Environment, **_: Any) -> None:
        """Users start: follow their files."""
        if self._is_health_only:
            return
        runner = environment.runner
        self.observation = Observation(
            self.bed.session,
            self.options,
            users=lambda: runner.user_count if runner else 0,
            on_arrival=self._arrive,
            on_fault=lambda what, error: self.fire("probe", what, 0.0, error),
        )
        self.observation.start()

    def end(self, **_: Any) -> None:
        """Users have stopped: drain, unless the run was interrupted."""
        if self.observation is not None and not self.observation.is_interrupted:
            self.observation.finish()

    def fire(self, kind: str, name: str, seconds: float, error: Exception | None = None) -> None:
        """Report a request of our own to Locust."""
        events: Any = self._environment.events
        events.request.fire(
            request_type=kind,
            name=name,
            response_time=1000 * seconds,
            response_length=0,
            exception=error,
            context={},
        )

    def note(self, request_type: str, name: str, exception: Exception | None = None, **_: Any) -> None:
        """The first failure of the load is where it breaks; health endpoints have checks of their own."""
        if exception is not None and request_type != "GET" and self.observation is not None:
            self.observation.timeline.fail(f"{request_type} {name}: {str(exception).splitlines()[0]}")

    def send(self, file: SentFile) -> None:
        """A user has sent a file."""
        self._keys.append(file.key)
        if self.observation is not None:
            self.observation.accounts.send(file)

    def _arrive(self, arrival: Arrival) -> None:
        error = LoadError(arrival.failure) if arrival.failure else None
        self.fire(EVENT_TO_SEARCHABLE, arrival.file.kind, arrival.delay_s, error)

    def _interrupt(self) -> None:
        if self.observation is not None:
            self.observation.is_interrupted = True
        # As Ctrl-C without gevent: in the main greenlet. Raised here it would be printed first.
        gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())

    def conclude(self, environment: Environment, **_: Any) -> None:
        """Print the tables, and set the exit status."""
        if self.observation is not None and self.observation.drain is None:
            self.observation.is_interrupted = True
            self.observation.stop()
        users = f"{self.options.shape}, up to " if self._shape else ""
        target = f", target {self.bed.target}" if self.has_bed else ""
        asked = Asked(
            title=f"Load: {users}{self._peak_users} users{target}",
            bound_s=self.options.bound_s,
            must_carry=self._peak_users <= self.options.carried_users,
        )
        requests = [_requests(entry) for entry in environment.stats.entries.values()]
        environment.process_exit_code = conclusion.conclude(asked, requests, self.observation)

    def close(self, **_: Any) -> None:
        """Stop what was started."""
        if not self.has_bed:
            return
        self.has_bed = False
        # It takes seconds, and a second Ctrl-C would leave servers behind.
        self._on_sigint.cancel()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.options.clean_up:
            self._clean_up()
        is_drained = self.observation is None or self.observation.accounts.backlog == 0
        if is_drained or self.bed.target == ENVIRONMENT:
            self.bed.fleet.stop()
        self.bed.close()

    def _clean_up(self) -> None:
        say(f"deleting {len(self._keys)} files; the workers of this queue hear of each")
        try:
            for key in self._keys:
                self.bed.session.delete(key)
        except WorkerError as error:
            say(f"not all were deleted: {error}")


def _requests(entry: StatsEntry) -> Requests:
    def percentile(share: float) -> float:
        return (entry.get_response_time_percentile(share) or 0) / 1000

    return Requests(
        kind=HEALTH if entry.method == "GET" else entry.method,
        name=entry.name,
        count=entry.num_requests,
        failures=entry.num_failures,
        average_s=entry.avg_response_time / 1000,
        median_s=percentile(0.5),
        p95_s=percentile(0.95),
        max_s=(entry.max_response_time or 0) / 1000,
    )
