"""For all tests: an environment without settings, and no endpoint beyond this machine."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from typing import NoReturn

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.servers.summary",
    "tests.servers.fixtures",
    "tests.stand_ins.programs",
    "tests.aws_calls.recorder",
    "tests.speed.aws_descriptions",
    "tests.speed.tracing",
]

_FOREIGN = ("CIS_", "AWS_")
# A client without an endpoint of its own meets a closed port, never AWS.
_SAFE = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_INSTALL = {
    "tesseract": "apt-get install tesseract-ocr tesseract-ocr-jpn tesseract-ocr-jpn-vert tesseract-ocr-eng",
    "pdftoppm": "apt-get install poppler-utils",
    "pdfinfo": "apt-get install poppler-utils",
    "soffice": "apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui "
    "libreoffice-impress-nogui",
}

_EXTRAS = {
    "tesserocr": "fast",
    "rapidocr": "neural",
    "openvino": "neural",
    "onnxruntime": "neural",
    "pyinstrument": "profile",
}

# No deadline: the machine is shared. In CI every run tries the same examples.
settings.register_profile("worker", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("worker")


def pytest_configure() -> None:
    """Empty the environment before the first module of the worker is imported."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            del os.environ[name]
    os.environ.update(_SAFE)
    # A suite that was started in the background ignores Ctrl-C, and so would every process it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _keep_priority() -> Iterator[None]:
    """Undo what a reader did to the priority of its thread: here that thread runs all later tests, too."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    yield
    if os.getpriority(os.PRIO_PROCESS, 0) != before:
        with suppress(PermissionError):  # only root may raise it again
            os.setpriority(os.PRIO_PROCESS, 0, before)


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], str]:
    """A function that returns a program's path; one that is absent skips the test, in CI fails it."""

    def path_of(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            _skip_or_fail(
                f"{name} is not installed: {_INSTALL.get(name, f'install {name}')}, or make servers"
            )
        return path

    return path_of


@pytest.fixture(scope="session")
def require_module() -> Callable[..., None]:
    """A function that takes names of modules; one that is not installed skips the test, in CI fails it.

    It imports none: one that is installed and broken fails the test that uses it.
    """

    def check(*names: str) -> None:
        for name in names:
            if find_spec(name) is None:
                package = f"cis-worker[{_EXTRAS[name]}]" if name in _EXTRAS else name
                _skip_or_fail(f"{name} is not installed: make setup, or pip install '{package}'")

    return check


def _skip_or_fail(advice: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(advice)
    pytest.skip(advice)
