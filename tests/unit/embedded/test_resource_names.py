"""The names of what is on the embedded stack."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from worker.embedded import resource_names

pytestmark = pytest.mark.unit


def test_to_name_a_bucket_imports_neither_a_server_nor_a_client() -> None:
    code = "import json, sys, worker.embedded.resource_names; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    assert set(json.loads(done.stdout)) & {"boto3", "botocore", "numpy", "PIL", "pydantic"} == set()


def test_two_of_a_kind_have_two_names() -> None:
    assert resource_names.QUEUE != resource_names.DLQ
    assert resource_names.SOURCE_BUCKET != resource_names.RESULTS_BUCKET
