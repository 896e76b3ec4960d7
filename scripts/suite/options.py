"""What `scripts/test` may be asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_DESCRIPTION = """\
Runs the tests: one suite, and three modes that differ in the servers it meets.
Without a mode: embedded servers, and those of `make servers`, which the tests
start and end themselves.
"""
_EXAMPLES = """\
examples:
  scripts/test                               the whole suite on this machine
  scripts/test --module extract --failfast   what belongs to worker/extract,
                                             up to the first failure
  scripts/test --module aws --pattern lease --coverage
  scripts/test --integration                 against running servers
  scripts/test --container                   in containers
  scripts/test -- --last-failed              pytest's own options after --

Reports: reports/junit.xml; with --coverage reports/coverage/index.html, too.

Exit status: 0 when all passed, 1 when a test failed or a coverage floor is
broken, 2 when the tests cannot be run as asked (unknown module, nothing
matches, no Docker, a server that does not answer), otherwise pytest's.
"""


class Mode(StrEnum):
    """Where the tests find the servers that they meet."""

    LOCAL = "local"
    CONTAINER = "container"
    INTEGRATION = "integration"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The parsed command line; `extra` goes to pytest as it is."""

    mode: Mode = Mode.LOCAL
    modules: tuple[str, ...] = ()
    pattern: str = ""
    select: str = ""
    has_coverage: bool = False
    is_failfast: bool = False
    is_verbose: bool = False
    lists_modules: bool = False
    extra: tuple[str, ...] = ()

    @property
    def is_whole_suite(self) -> bool:
        """Whether nothing narrows the run: only then do the coverage floors say anything."""
        harmless = ("--cov", "-n", "--dist", "-v", "-q")
        narrows = [one for one in self.extra if not (one.startswith(harmless) or one.isdigit())]
        return not (self.modules or self.pattern or self.select or self.is_failfast or narrows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        usage="%(prog)s [--container | --integration] [option ...] [-- PYTEST ...]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--container", action="store_true", help="in containers; needs Docker with compose")
    modes.add_argument(
        "--integration",
        action="store_true",
        help="against the servers at AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_S3, _SQS, _DYNAMODB) and"
        " OPENSEARCH_ENDPOINT; none is started",
    )
    parser.add_argument(
        "--module",
        action="append",
        default=[],
        metavar="NAME",
        help="only the tests of a package of worker/ (aws), a part of one (extract.ocr) or a module beside"
        " them (consumer), wherever they are; may be given again",
    )
    parser.add_argument(
        "--pattern", default="", metavar="EXPR", help="only tests whose name matches (pytest -k)"
    )
    parser.add_argument(
        "--select", default="", metavar="EXPR", help="only tests so marked: unit, e2e, 'not slow'"
    )
    parser.add_argument(
        "--coverage", action="store_true", help="branch coverage; after the whole suite, its floors"
    )
    parser.add_argument("--failfast", action="store_true", help="stop at the first failure")
    parser.add_argument("--list-modules", action="store_true", help="print the modules and their test files")
    parser.add_argument("--verbose", action="store_true", help="a line a test, and the commands that are run")
    return parser


def parse(arguments: Sequence[str]) -> Options:
    """The options; a mistake ends the process with status 2 and a line that names it."""
    own, extra = list(arguments), []
    if "--" in own:
        own, extra = own[: own.index("--")], own[own.index("--") + 1 :]
    parsed = _parser().parse_args(own)
    mode = Mode.CONTAINER if parsed.container else Mode.INTEGRATION if parsed.integration else Mode.LOCAL
    return Options(
        mode=mode,
        modules=tuple(dict.fromkeys(parsed.module)),
        pattern=parsed.pattern,
        select=parsed.select,
        has_coverage=parsed.coverage,
        is_failfast=parsed.failfast,
        is_verbose=parsed.verbose,
        lists_modules=parsed.list_modules,
        extra=tuple(extra),
    )
