"""Dead letters in words; whole commands are in test_dead_letters.py."""

from __future__ import annotations

from collections import Counter

import pytest

from worker.aws.queue_manager import ReceivedMessage
from worker.cli.recovery.dead_letters_display import age, message_values, print_done, print_messages
from worker.maintenance.dead_letters.dead_letter import DeadLetter
from worker.maintenance.dead_letters.redrive import Redriven

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0s"), (59, "59s"), (61, "1m"), (7_300, "2h"), (200_000, "2d")]
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert age(seconds) == text


def letter(**cis: str) -> DeadLetter:
    message = ReceivedMessage(
        message_id="12345678-abcd",
        receipt_handle="h",
        body="{}",
        receive_count=1,
        received_at=0.0,
        visibility_s=1,
        sent_at_ms=1_000,
        cis=cis,
    )
    return DeadLetter(message=message, problem="not JSON")


def test_what_a_message_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_messages([letter(code="bo\x1b[2Jmb", reason="a\x1b]0;b")], now_ms=3_601_000)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "1h" in printed
    assert message_values(letter(code="bomb"), now_ms=61_000)["age_s"] == 60


def test_what_was_left_is_named_with_the_way_on(capsys: pytest.CaptureFixture[str]) -> None:
    result = Redriven(
        matched=Counter(bomb=4), done=1, failed=1, unreadable=1, undeleted=1, error="SQS is unavailable"
    )
    print_done(result, what="redriven", is_dry_run=False)
    printed = capsys.readouterr().out
    for part in ("1 redriven", "malformed_message", "come back", "SQS is unavailable"):
        assert part in printed
