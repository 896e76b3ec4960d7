"""The verdict of a soak: what grows or is left misses its must, and nothing else does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.soak.accounting import Account
from bench.soak.kinds import Kind
from bench.soak.plan import Plan
from bench.soak.samples import Generation, Index, Sample
from bench.soak.soak import Record
from bench.soak.verdict import figures

pytestmark = pytest.mark.performance

KINDS = [Kind(name=name, suffix=name, make=str(name).encode) for name in ("txt", "png")]  # type: ignore[arg-type]
SAMPLE = Sample(
    at_s=0,
    documents=0,
    worker_bytes=80_000_000,
    fork_server_bytes=40_000_000,
    reader_bytes=(),
    threads=23,
    open_files=37,
    fork_server_open_files=55,
    zombies=0,
    temporary_files=5,
    temporary_bytes=1_000,
    sqlite_bytes=5_000_000,
    wal_bytes=4_000_000,
    log_bytes=1_000_000,
    log_written_bytes=1_000_000,
)


LONG, SHORT = 45, 15
"""Documents from sample to sample of a generation of 9,000 documents, and of one of 3,000."""


def samples(number: int, leak: float, *, each: int = LONG) -> list[Sample]:
    """A generation that leaks, with noise of half a megabyte."""
    noise = np.random.default_rng(number).normal(0, 250_000, 200)
    return [
        replace(
            SAMPLE,
            at_s=300 * number + step,
            documents=step * each,
            worker_bytes=round(SAMPLE.worker_bytes + noise[step] + leak * step * each),
            reader_bytes=(45_000_000 + round(noise[step] * 10),) * (step % 2),
        )
        for step in range(200)
    ]


def record(*, leak: float = 0.0, count: int = 10) -> Record:
    """A soak in which all is well, but for a leak."""
    plan = Plan(hours=1)
    indexes = [Index.OPENSEARCH] * (count // 2) + [Index.SQLITE] * (count - count // 2)
    generations = [
        Generation(number=number, index=index, samples=samples(number, leak), documents=9_000, killed=True)
        for number, index in enumerate(indexes, start=1)
    ]
    return Record(
        plan=plan,
        kinds=KINDS,
        generations=generations,
        done=Counter(txt=9_000, png=700),
        accounts={index: Account() for index in Index},
        seconds=3600,
    )


def counted(field: str, count: int) -> dict[str, Any]:
    return {field: count}


def missed(made: Record) -> list[str]:
    return [figure.what for figure in figures(made) if figure.met is False]


def test_a_soak_without_fault_meets_every_must() -> None:
    assert missed(record()) == []
    assert all(figure.met for figure in figures(record()) if figure.must)


@pytest.mark.parametrize("leak", [1_000.0, 2_048.0])
def test_a_leak_of_the_worker_misses_its_must_alone(leak: float) -> None:
    (what,) = missed(record(leak=leak))
    assert what.startswith("memory of the worker")


def change(made: Record, **values: Any) -> Record:
    """The same with other values in its last samples."""
    last = made.generations[-1].samples
    last[-1] = replace(last[-1], **values)
    return made


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"zombies": 1}, "zombie processes"),
        ({"threads": 40}, "threads"),
        ({"wal_bytes": 10**8}, "SQLite write-ahead log"),
        ({"sqlite_bytes": 10**9}, "SQLite index"),
        ({"log_bytes": 10**8}, "log written"),
    ],
)
def test_what_is_too_much_misses_its_must(values: dict[str, int], what: str) -> None:
    (found,) = missed(change(record(), **values))
    assert found.startswith(what)


def test_one_index_may_have_more_threads_than_another() -> None:
    made = record()
    for generation in made.generations:
        extra = 29 if generation.index is Index.OPENSEARCH else 0
        generation.samples = [replace(each, threads=each.threads + extra) for each in generation.samples]
    assert missed(made) == []


@pytest.mark.parametrize("field", ["open_files", "temporary_files"])
def test_files_that_grow_in_number_miss_their_must(field: str) -> None:
    made = record()
    for generation in made.generations:
        generation.samples = [
            replace(sample, **counted(field, 10 + sample.documents // 50)) for sample in generation.samples
        ]
    (found,) = missed(made)
    assert found.startswith(field.replace("_", " "))


def test_what_is_left_or_not_planned_misses_its_must() -> None:
    made = record()
    made.generations[3].leftovers.append("process 77 soffice.bin (S)")
    made.generations[4].surprises.append("the worker ended by itself")
    made.accounts[Index.SQLITE] = Account(differences=["txt/1: no row"])
    assert [what.split(" ")[0] for what in missed(made)] == ["left", "ends", "every"]


def test_too_few_documents_of_one_kind_or_kills_miss_their_must() -> None:
    made = record(count=9)
    made.done["png"] = 499
    assert [what.split(" ")[0] for what in missed(made)] == ["documents", "kills"]


def test_of_an_interrupted_soak_there_is_a_table_and_it_says_what_was_not_compared() -> None:
    made = Record(plan=Plan(hours=1), kinds=KINDS, is_interrupted=True)
    found = figures(made)
    assert [figure for figure in found if figure.figure.startswith("interrupted: not compared")]


def test_the_slopes_of_a_short_soak_are_printed_and_not_checked() -> None:
    made = record(leak=2_048)
    made.plan = Plan(hours=0.1)
    (figure,) = [each for each in figures(made) if each.what.startswith("memory of the worker with")]
    assert figure.met is None
    assert "+2,0" in figure.figure


def test_the_warm_up_of_a_short_generation_is_a_share_of_it() -> None:
    assert Plan(hours=1).cold(9_000) == 3_000
    assert Plan(hours=1).cold(1_000) == 650


@pytest.mark.parametrize(("leak", "misses"), [(0.0, 0), (600.0, 1)])
def test_what_grows_is_seen_in_the_long_generations_where_there_are_some(leak: float, misses: int) -> None:
    made = record(leak=leak)
    for generation in made.generations[2:]:  # these are hardly warm when they are killed
        generation.samples = samples(generation.number, 2_048, each=SHORT)
    assert len(missed(made)) == misses


def test_the_second_half_of_a_phase_is_one_generation() -> None:
    plan = Plan(hours=1)
    assert [plan.generation_s(60 * minute) / 60 for minute in (0, 12, 15, 20, 31)] == [3, 3, 15, 10, 3]
    assert plan.kills == 10
