"""moto as a process of its own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import psutil
import pytest
import requests

from worker.embedded.moto_process import MotoProcess
from worker.errors import MisconfiguredError

pytestmark = pytest.mark.unit


def test_it_answers_until_it_is_stopped(tmp_path: Path) -> None:
    before = psutil.Process().children()
    with MotoProcess(stderr_path=tmp_path / "log") as moto:
        assert requests.get(f"{moto.url}/moto-api/", timeout=10).ok
        assert moto.url.startswith("http://127.0.0.1:")
    assert psutil.Process().children() == before


def _poll(url: str, queue: str, wait_s: int) -> tuple[int, float]:
    """How many messages a long poll received, and how long it took."""
    began = time.monotonic()
    answer = requests.post(
        url,
        json={"QueueUrl": queue, "WaitTimeSeconds": wait_s},
        headers=_headers("ReceiveMessage"),
        timeout=60,
    )
    return len(answer.json().get("Messages", [])), time.monotonic() - began


def _headers(action: str) -> dict[str, str]:
    # The region of a request is in its signature, which nobody checks.
    scope = "Credential=k/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
    return {
        "X-Amz-Target": f"AmazonSQS.{action}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}",
    }


def _queue(url: str) -> str:
    body = {"QueueName": "files"}
    answer = requests.post(url, json=body, headers=_headers("CreateQueue"), timeout=60)
    return str(answer.json()["QueueUrl"])


def test_a_poll_hears_of_a_message_ends_by_itself_and_ends_on_request(tmp_path: Path) -> None:
    with MotoProcess(stderr_path=tmp_path / "log") as moto, ThreadPoolExecutor() as pool:
        queue = _queue(moto.url)
        assert _poll(moto.url, queue, 1)[0] == 0
        polling = pool.submit(_poll, moto.url, queue, 20)
        while not polling.done():
            # Again and again, as a worker's end does it: the poll may not have arrived yet.
            moto.end_polls()
            wait([polling], timeout=0.1)
        assert polling.result()[0] == 0
        assert polling.result()[1] < 15
        polling = pool.submit(_poll, moto.url, queue, 20)
        message = {"QueueUrl": queue, "MessageBody": "look"}
        requests.post(moto.url, json=message, headers=_headers("SendMessage"), timeout=60)
        assert polling.result()[0] == 1
        assert polling.result()[1] < 15


def test_a_call_at_the_gate_is_answered_when_what_it_asks_for_exists(tmp_path: Path) -> None:
    moto = MotoProcess(stderr_path=tmp_path / "log")
    moto.begin()
    with moto, ThreadPoolExecutor() as pool:
        queue = moto.gate_url + "/123456789012/files"
        early = pool.submit(_poll, moto.gate_url, queue, 0)
        assert _queue(moto.url).endswith("/123456789012/files")
        message = {"QueueUrl": queue, "MessageBody": "look"}
        requests.post(moto.url, json=message, headers=_headers("SendMessage"), timeout=60)
        assert not early.done()
        moto.open_gate()
        assert early.result()[0] == 1


def test_a_delayed_message_is_received_within_the_poll_that_is_open(tmp_path: Path) -> None:
    with MotoProcess(stderr_path=tmp_path / "log") as moto:
        queue = _queue(moto.url)
        message = {"QueueUrl": queue, "MessageBody": "later", "DelaySeconds": 1}
        requests.post(moto.url, json=message, headers=_headers("SendMessage"), timeout=60)
        assert _poll(moto.url, queue, 20)[0] == 1


def test_one_that_has_begun_is_waited_for_and_stopped(tmp_path: Path) -> None:
    before = psutil.Process().children()
    moto = MotoProcess(stderr_path=tmp_path / "log")
    moto.end_polls()
    moto.begin()
    assert len(psutil.Process().children()) == len(before) + 1
    with moto:
        assert len(psutil.Process().children()) == len(before) + 1
        assert requests.get(f"{moto.url}/moto-api/", timeout=60).ok
    moto.stop()
    assert psutil.Process().children() == before


def test_a_server_that_does_not_start_is_reported_with_its_error_output(tmp_path: Path) -> None:
    moto = MotoProcess(stderr_path=tmp_path / "log", module="no_such_module")
    with pytest.raises(MisconfiguredError, match="no_such_module"):
        moto.start()


def test_without_the_package_the_extra_is_named_in_one_line(tmp_path: Path) -> None:
    moto = MotoProcess(stderr_path=tmp_path / "log", package="no_such_package")
    with pytest.raises(
        MisconfiguredError, match=r"no_such_package.*pip install 'cis-worker\[home\]'$"
    ) as raised:
        moto.start()
    assert "\n" not in str(raised.value)
