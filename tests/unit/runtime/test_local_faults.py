"""Which errors are a fault of the machine."""

from __future__ import annotations

import errno

import pytest

from worker.errors import LocalFaultError, RejectedError
from worker.runtime.local_faults import to_local_fault

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.ENOMEM, errno.EIO])
def test_an_exhausted_machine_is_a_fault_of_its_own(number: int) -> None:
    fault = to_local_fault(OSError(number, "said the kernel"))
    assert isinstance(fault, LocalFaultError)
    assert "said the kernel" in str(fault)


def test_the_cause_of_an_error_counts() -> None:
    error = RejectedError("not read")
    error.__cause__ = OSError(errno.ENOSPC, "full")
    assert isinstance(to_local_fault(error), LocalFaultError)


def test_a_local_fault_is_returned_as_it_is() -> None:
    fault = LocalFaultError("no disk")
    assert to_local_fault(fault) is fault


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "denied"), OSError(errno.ENOENT, "gone"), ValueError()]
)
def test_others_are_not(error: Exception) -> None:
    assert to_local_fault(error) is None
