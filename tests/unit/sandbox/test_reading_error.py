"""What the end of a reading means for the attempt."""

from __future__ import annotations

import pytest

from worker.errors import (
    Code,
    LocalFaultError,
    MisconfiguredError,
    RejectedError,
    ReportedFaultError,
    WorkerError,
)
from worker.sandbox.nets.events import ReadingEnded
from worker.sandbox.reading_error import raise_for

pytestmark = pytest.mark.unit


def test_a_reading_that_ended_well_raises_nothing() -> None:
    raised: list[WorkerError] = []
    try:
        raise_for(ReadingEnded())
    except WorkerError as error:
        raised.append(error)
    assert raised == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.PROGRAM_MISSING, MisconfiguredError),
        (Code.LOCAL_FAULT, LocalFaultError),
        (Code.UNAVAILABLE, ReportedFaultError),
        (Code.ENCRYPTED, RejectedError),
    ],
)
def test_each_code_has_its_error(code: Code, kind: type[WorkerError]) -> None:
    with pytest.raises(kind, match="why"):
        raise_for(ReadingEnded(code=code, message="why"))
