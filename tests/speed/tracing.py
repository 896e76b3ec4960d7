"""Where coverage is measured: not in tests of the whole worker, and not inside the stand-in for AWS.

Tracing makes Python two to three times slower, wherever the code is from. What tests/resilience and the like
run is measured in the tests of its modules, and neither moto nor the making of clients is code of ours.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pytest
from botocore.session import Session
from moto.core.botocore_stubber import BotocoreStubber

UNMEASURED = (
    *("tests/e2e/", "tests/performance/", "tests/resilience/", "tests/integration/bench/"),
    *("tests/autoscaling/test_day.py", "tests/autoscaling/test_steady_input.py"),
)
"""Tests that run the whole worker, measure it, or compute for minutes; no module has its tests here."""

P = ParamSpec("P")
R = TypeVar("R")


def untraced(function: Callable[P, R]) -> Callable[P, R]:
    """The function, without a tracer in this thread while it runs."""

    @wraps(function)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        tracer = sys.gettrace()
        if tracer is None:
            return function(*arguments, **options)
        sys.settrace(None)
        try:
            return function(*arguments, **options)
        finally:
            sys.settrace(tracer)
            _meet()

    return call


def _meet() -> None:
    """A call, at which the tracer takes over again: it must see this frame's caller return."""


def is_measured(path: str) -> bool:
    """Whether the tests of a file, given its path below the project, are measured."""
    return not path.startswith(UNMEASURED)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Take the tracer away for a test that is not measured, with its fixtures and the threads it starts."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    if tracer is None or is_measured(item.nodeid):
        return (yield)
    threading.settrace(None)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(of_threads)
        sys.settrace(tracer)
        _meet()


def pytest_configure() -> None:
    """No line of worker/ runs inside these: what it hooks into a client runs outside of the stand-in."""
    untraced_methods: tuple[tuple[Any, str], ...] = (
        (BotocoreStubber, "process_request"),
        (Session, "create_client"),
    )
    for owner, name in untraced_methods:
        setattr(owner, name, untraced(getattr(owner, name)))
