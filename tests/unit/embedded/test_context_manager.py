"""The `with` statement of whatever has `start` and `stop`."""

from __future__ import annotations

import pytest

from worker.embedded.context_manager import start_on_enter, stop_on_exit

pytestmark = pytest.mark.unit


class Recorder:
    def __init__(self, failure: Exception | None = None) -> None:
        self.calls: list[str] = []
        self.failure = failure

    def start(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    __enter__, __exit__ = start_on_enter, stop_on_exit


def test_the_block_sees_it_started_and_it_is_stopped_afterwards() -> None:
    recorder = Recorder()
    with recorder as entered:
        assert entered is recorder
        assert recorder.calls == ["start"]
    assert recorder.calls == ["start", "stop"]


def test_it_is_stopped_when_the_block_fails_and_the_error_goes_on() -> None:
    recorder = Recorder()
    with pytest.raises(ValueError, match="inside"), recorder:
        raise ValueError("inside")
    assert recorder.calls == ["start", "stop"]


def test_one_that_does_not_start_is_not_stopped() -> None:
    broken = Recorder(OSError("the port is taken"))
    with pytest.raises(OSError, match="taken"), broken:
        pass
    assert broken.calls == []
