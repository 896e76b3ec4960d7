"""The slope of a soak: a leak is found in noise, and noise alone is none, at the stated rate."""

from __future__ import annotations

import numpy as np
import pytest

from bench.soak.slope import CONFIDENCE, Slope, estimate, t_quantile

pytestmark = pytest.mark.performance

KB = 1024.0
GENERATIONS = 11
SAMPLES = 200
DOCUMENTS = 1_000
RUNS = 400

Series = tuple[list[float], list[float]]


def noise(random: np.random.Generator, *, generations: int = GENERATIONS, leak: float = 0.0) -> list[Series]:
    """Generations whose memory moves in steps that stay (an arena more or less), beside white noise."""
    found = []
    for _ in range(generations):
        documents = np.sort(random.uniform(0, DOCUMENTS, SAMPLES))
        steps = random.normal(0, 60 * KB, SAMPLES) * (random.random(SAMPLES) < 0.1)
        level = random.normal(80e6, 2e6) + steps.cumsum() + random.normal(0, 100 * KB, SAMPLES)
        found.append((documents.tolist(), (level + leak * documents).tolist()))
    return found


def slope(generations: list[Series]) -> Slope:
    found = estimate(generations)
    assert found is not None
    return found


def test_a_leak_of_two_kilobytes_a_document_is_found_in_noise() -> None:
    random = np.random.default_rng(1)
    slopes = [slope(noise(random, leak=2 * KB)) for _ in range(40)]
    assert all(each.is_above_zero for each in slopes)
    assert all(each.half_width < KB for each in slopes)
    assert np.mean([each.value for each in slopes]) == pytest.approx(2 * KB, rel=0.05)


def test_noise_alone_is_called_growth_no_more_often_than_stated() -> None:
    random = np.random.default_rng(2)
    slopes = [slope(noise(random)) for _ in range(RUNS)]
    outside = np.mean([not each.low <= 0 <= each.high for each in slopes])
    # 5 % are stated; of 400 runs three standard deviations are 3.3 % more.
    assert outside <= 1 - CONFIDENCE + 0.033
    assert np.mean([each.is_above_zero for each in slopes]) <= (1 - CONFIDENCE) / 2 + 0.024
    # Not by being useless: such a leak as must be found lies outside.
    assert np.median([each.half_width for each in slopes]) < KB / 2


def test_an_interval_that_took_samples_for_independent_would_be_far_too_narrow() -> None:
    """What the clusters are for: the textbook's interval calls most of the same noise growth or shrinkage."""
    random = np.random.default_rng(3)
    wrong = 0
    for _ in range(40):
        x, y = [], []
        for documents, levels in noise(random):
            x += list(np.asarray(documents) - np.mean(documents))
            y += list(np.asarray(levels) - np.mean(levels))
        a, b = np.asarray(x), np.asarray(y)
        value = a @ b / (a @ a)
        error = np.sqrt(((b - value * a) ** 2).sum() / (len(a) - 2) / (a @ a))
        wrong += abs(value) > 1.96 * error
    assert wrong > 20


@pytest.mark.parametrize("generations", [1, 2, 3])
def test_of_few_generations_the_interval_is_wider_and_as_right(generations: int) -> None:
    random = np.random.default_rng(4)
    slopes = [slope(noise(random, generations=generations)) for _ in range(100)]
    assert np.mean([each.is_above_zero for each in slopes]) <= 0.025 + 0.047
    assert {each.generations for each in slopes} == {generations}


def test_generations_of_different_levels_do_not_look_like_growth() -> None:
    """Each process has a level of its own; only what happens within one counts."""
    flat = [([float(n) for n in range(100 * g, 100 * g + 50)], [1e6 * g] * 50) for g in range(1, 9)]
    found = slope(flat)
    assert (found.value, found.half_width) == (0, 0)


def test_the_slope_is_that_of_documents_whatever_the_pace() -> None:
    """A generation that made few documents, in as many samples, weighs little."""
    exact = [([n * pace for n in range(60)], [500.0 * n * pace for n in range(60)]) for pace in (1.0, 7.0)]
    found = slope(exact)
    assert found.value == pytest.approx(500)
    assert found.times(2).value == pytest.approx(1000)
    assert found.documents == pytest.approx(59 * 8)


@pytest.mark.parametrize("generations", [[], [([1.0, 2.0], [3.0, 4.0])], [([5.0] * 40, [1.0] * 40)]])
def test_too_little_gives_no_slope(generations: list[Series]) -> None:
    assert estimate(generations) is None


@pytest.mark.parametrize(
    ("degrees", "factor"), [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042)]
)
def test_students_factor_is_that_of_the_tables(degrees: int, factor: float) -> None:
    assert t_quantile(degrees) == pytest.approx(factor, rel=0.01)
