"""Each phase has its messages."""

from __future__ import annotations

import pytest

from worker.sandbox.checks.phase import Phase
from worker.sandbox.protocol import MESSAGES_IN

pytestmark = pytest.mark.unit


def test_what_may_be_sent_is_known_of_every_phase() -> None:
    assert set(MESSAGES_IN) == set(Phase)
    assert MESSAGES_IN[Phase.ENDED] == ()
