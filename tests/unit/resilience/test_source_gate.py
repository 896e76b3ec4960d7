"""Whose fault a refusal is: the file's own, or that of its bucket."""

from __future__ import annotations

import pytest

from tests.unit.clock import Clock
from worker.errors import Code, SourceRefusedError
from worker.resilience.source_gate import Access, SourceGate

pytestmark = pytest.mark.unit


@pytest.fixture
def gate(clock: Clock) -> SourceGate:
    return SourceGate(["nas", "other"], clock=clock)


def refused(gate: SourceGate, key: str | None, access: Access = Access.HEAD, bucket: str = "nas") -> bool:
    """Refuse a file; whether that counts as its own failure."""
    error = gate.on_refusal(bucket, key, access, code=Code.SOURCE_FORBIDDEN, message=f"{key}: 403")
    assert error.code is Code.SOURCE_FORBIDDEN
    return error.counts_as_failure


def read(gate: SourceGate, key: str, access: Access = Access.GET, bucket: str = "nas") -> None:
    gate.on_success(bucket, key, access, began=gate.now())


def is_admitted(gate: SourceGate, key: str, bucket: str = "nas") -> bool:
    try:
        gate.admit(bucket, key)
    except SourceRefusedError as refusal:
        error = refusal
    else:
        return True
    assert not error.counts_as_failure
    assert (error.retry_after_s or 0) > 0
    return False


def test_different_keys_refused_in_a_row_put_the_bucket_out(gate: SourceGate) -> None:
    assert not refused(gate, "a")
    assert is_admitted(gate, "c")
    assert not refused(gate, "b")
    assert not is_admitted(gate, "c")
    assert is_admitted(gate, "c", bucket="other")
    (refusal,) = gate.refusals()
    assert (refusal.bucket, refusal.is_out, refusal.code) == ("nas", True, Code.SOURCE_FORBIDDEN)


def test_one_key_refused_again_and_again_does_not_put_the_bucket_out(gate: SourceGate, clock: Clock) -> None:
    for _ in range(5):
        assert not refused(gate, "a")
        assert not gate.refusals()[0].is_out
        assert is_admitted(gate, "b")
        clock.now += 30


def test_a_file_is_at_fault_when_another_is_read_between_two_of_its_refusals(gate: SourceGate) -> None:
    assert not refused(gate, "a")
    read(gate, "b")
    assert refused(gate, "a")
    # Two outages in a row must not look like one bad file.
    assert not refused(gate, "a")
    read(gate, "b")
    assert refused(gate, "a")
    assert is_admitted(gate, "c")


def test_a_denied_prefix_does_not_put_the_bucket_out_once_it_is_known(gate: SourceGate, clock: Clock) -> None:
    for key in ("x/1", "x/2", "x/3"):
        assert not refused(gate, key)
    clock.now += 60
    assert is_admitted(gate, "a")
    read(gate, "a")
    assert [refused(gate, key) for key in ("x/1", "x/2", "x/3")] == [True, True, True]
    assert is_admitted(gate, "b")


def test_a_file_that_was_read_is_not_at_fault_any_more(gate: SourceGate) -> None:
    refused(gate, "a")
    read(gate, "b")
    read(gate, "a")
    assert not refused(gate, "a")


def test_a_file_refused_alone_is_at_fault_after_a_quarter_of_an_hour(gate: SourceGate, clock: Clock) -> None:
    assert not refused(gate, "a")
    clock.now += 899
    assert not refused(gate, "a")
    clock.now += 2
    assert refused(gate, "a")
    # Another one says that it may have been the bucket: no second file is lost.
    assert not refused(gate, "b")
    assert not is_admitted(gate, "c")


def test_a_bucket_that_is_out_is_probed_less_and_less_often(gate: SourceGate, clock: Clock) -> None:
    refused(gate, "a")
    refused(gate, "b")
    began, probes = clock.now, []
    while clock.now < began + 1_000:
        if is_admitted(gate, f"fresh {clock.now}"):
            probes.append(clock.now - began)
            assert not refused(gate, f"fresh {clock.now}")
        clock.now += 1
    assert probes == [20, 60, 140, 300, 480, 660, 840]


def test_only_one_file_is_the_probe(gate: SourceGate, clock: Clock) -> None:
    refused(gate, "a")
    refused(gate, "b")
    clock.now += 20
    # A file that was refused may be at fault itself: another one goes first.
    assert not is_admitted(gate, "a")
    assert [is_admitted(gate, key) for key in ("c", "d", "e")] == [True, False, False]


def test_a_probe_that_never_ends_does_not_keep_the_bucket_out(gate: SourceGate, clock: Clock) -> None:
    refused(gate, "a")
    refused(gate, "b")
    clock.now += 20
    assert is_admitted(gate, "parked")
    clock.now += 20
    assert is_admitted(gate, "c")


def test_a_success_ends_it(gate: SourceGate, clock: Clock) -> None:
    refused(gate, "a")
    refused(gate, "b")
    clock.now += 20
    gate.admit("nas", "c")
    read(gate, "c", Access.HEAD)
    assert is_admitted(gate, "d")
    assert gate.refusals() == []


def test_a_head_that_is_answered_does_not_say_that_content_may_be_read(
    gate: SourceGate, clock: Clock
) -> None:
    refused(gate, "a", Access.GET)
    refused(gate, "b", Access.GET)
    clock.now += 20
    gate.admit("nas", "c")
    read(gate, "c", Access.HEAD)
    assert not is_admitted(gate, "d")
    read(gate, "c", Access.GET)
    assert is_admitted(gate, "d")


def test_an_answer_to_a_call_from_before_the_refusals_does_not_end_them(
    gate: SourceGate, clock: Clock
) -> None:
    began = gate.now()
    clock.now += 5
    refused(gate, "a")
    refused(gate, "b")
    gate.on_success("nas", "slow", Access.GET, began=began)
    assert not is_admitted(gate, "c")


def test_a_bucket_that_is_missing_is_out_at_once(gate: SourceGate) -> None:
    assert not refused(gate, None)
    assert not is_admitted(gate, "a")


def test_a_bucket_that_is_not_on_the_list_and_never_answered_is_its_own_files_fault(clock: Clock) -> None:
    for gate in (SourceGate(["nas"], clock=clock), SourceGate(clock=clock)):
        assert [refused(gate, key, bucket="forged") for key in ("a", "b", None)] == [True, True, True]
        assert is_admitted(gate, "c", bucket="forged")
        assert gate.refusals() == []


def test_without_a_list_a_bucket_that_answered_once_is_trusted(clock: Clock) -> None:
    gate = SourceGate(clock=clock)
    read(gate, "a")
    assert not refused(gate, "b")
    assert not refused(gate, "c")
    assert not is_admitted(gate, "d")
    assert not gate.is_closed()


def test_the_gate_is_closed_when_every_bucket_of_the_list_is_out(gate: SourceGate) -> None:
    for bucket in ("nas", "other"):
        assert not gate.is_closed()
        refused(gate, "a", bucket=bucket)
        refused(gate, "b", bucket=bucket)
    assert gate.is_closed()


def test_what_is_remembered_is_bounded(gate: SourceGate) -> None:
    for number in range(1_500):
        refused(gate, str(number))
    read(gate, "good")
    assert not refused(gate, "0")
    assert not is_admitted(gate, "x") or refused(gate, "1499")
