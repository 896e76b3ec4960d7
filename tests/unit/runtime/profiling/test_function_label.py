"""How functions are named in a profile."""

from __future__ import annotations

import sys

import pytest

from worker.runtime.profiling.function_label import code_label, function_label

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/srv/app/lib/python3.11/site-packages/botocore/client.py", "botocore/client.py:f"),
        ("/checkout/worker/app.py", "worker/app.py:f"),
        ("/elsewhere/x.py", "/elsewhere/x.py:f"),
        ("<string>", "<string>:f"),
    ],
)
def test_a_file_is_named_from_its_package_on(path: str, label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", "/checkout", "/check"])
    assert function_label(path, "f") == label


def test_a_method_has_its_class() -> None:
    class Noun:
        def verb(self) -> None: ...

    assert code_label(Noun.verb.__code__).endswith("Noun.verb")
