"""A server in place of AWS, and the commands of infra/ run against it."""

from __future__ import annotations

import contextlib
import io
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from moto.cloudformation.models import ChangeSet
from moto.server import ThreadedMotoServer

from infra.stacks.__main__ import main
from infra.stacks.account import Account
from worker.aws.clients import Clients, make_clients

REGION = "ap-northeast-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A command that has ended: what it printed, and its exit status."""

    status: int
    settings: dict[str, str]
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


Run = Callable[..., Done]


@pytest.fixture
def moto_url() -> Iterator[str]:
    """A moto of the test's own: names of stacks and buckets are the same in each."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    # moto keeps its state for the whole process.
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=30)
    server.stop()


@pytest.fixture(autouse=True)
def _change_sets_with_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto forgets outputs and parameters of a stack that a change set makes."""
    apply = ChangeSet.apply

    def apply_all(change_set: Any) -> None:
        apply(change_set)
        stack = change_set.stack
        stack.template_dict, stack.parameters = change_set.template_dict, change_set.parameters
        stack.output_map = stack._create_output_map()

    monkeypatch.setattr(ChangeSet, "apply", apply_all)


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment points at moto; its URL."""
    point_at(moto_url, monkeypatch)
    return moto_url


def point_at(url: str, environment: pytest.MonkeyPatch, **more: str) -> None:
    """Have every client of this process use a server."""
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # Wide, so that nothing is folded.
        "COLUMNS": "200",
        **more,
    }.items():
        environment.setenv(name, value)


def run_command(name: str, *arguments: str) -> Done:
    """Run `deploy` or `destroy` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main(name, list(arguments))
    exports = [line.removeprefix("export ").partition("=") for line in out.getvalue().splitlines()]
    return Done(
        status=int(ended.value.code or 0),
        settings={variable: value for variable, _, value in exports},
        lines=err.getvalue().splitlines(),
    )


@pytest.fixture
def run() -> Run:
    """The function that runs one of the commands."""
    return run_command


@pytest.fixture
def clients(aws: str) -> Clients:
    return make_clients(region=REGION)


@pytest.fixture
def account(aws: str) -> Account:
    return Account(REGION)


def new_name() -> str:
    """A name that no other test deploys under."""
    return f"t{uuid.uuid4().hex[:12]}"
