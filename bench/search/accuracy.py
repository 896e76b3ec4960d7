"""Whether the wanted files are found, set by set, in both indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figure import Figure
from bench.search.answers import Answer, agreement, first_tier_share, quality
from bench.search.wishes import FALSE_FRIENDS

_LEAST_AGREEMENT = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a set must reach; `at_first` is what was measured before there were tiers, on another corpus."""

    set_name: str
    at_first: str
    least: float


TARGETS = (
    Target(set_name="literal words", at_first="1.00", least=1.0),
    Target(set_name="parts of words", at_first="1.00", least=1.0),
    Target(set_name="compounds", at_first="1.00", least=1.0),
    Target(set_name="phrases", at_first="1.00", least=1.0),
    Target(set_name="two words", at_first="1.00", least=1.0),
    Target(set_name="questions without spaces", at_first="0", least=0.95),
    Target(set_name="one character wrong", at_first="0", least=0.8),
    Target(set_name="look-alikes of OCR", at_first="0", least=0.85),
    Target(set_name="old and new kanji", at_first="0.04", least=0.92),
    Target(set_name="okurigana", at_first="0.13", least=0.92),
    Target(set_name="dates", at_first="0.27", least=0.92),
    Target(set_name="numbers", at_first="0.44", least=0.95),
    Target(set_name="katakana spellings", at_first="0", least=0.8),
    Target(set_name="English forms", at_first="0.24", least=0.9),
    Target(set_name="Latin typos", at_first="0", least=0.8),
    Target(set_name="file names", at_first="0.81 to 0.89", least=0.94),
    Target(set_name="readings", at_first="0", least=0.45),
    Target(set_name=FALSE_FRIENDS, at_first="0.62, 0.92", least=0.92),
)

Answers = Mapping[str, Sequence[Answer]]
"""The answers to all queries, by the name of the index."""


def accuracy_figures(answers: Answers) -> list[Figure]:
    """A line a set, the share of tier 1, and where both indexes answer whether they agree."""
    figures = [_set_figure(target, answers) for target in TARGETS]
    shares = {name: first_tier_share(found) for name, found in answers.items()}
    figures.append(
        Figure(what="answered by tier 1, of all queries", figure=_list(shares), must="printed", met=None)
    )
    if len(answers) > 1:
        first, second = answers.values()
        same = agreement(first, second)
        figures.append(
            Figure(
                what="same first hit in both (at first: not measured)",
                figure=f"{same:.2f}",
                must=f">= {_LEAST_AGREEMENT:.2f}",
                met=same >= _LEAST_AGREEMENT,
            )
        )
    return figures


def _set_figure(target: Target, answers: Answers) -> Figure:
    reached = {name: quality(found, target.set_name) for name, found in answers.items()}
    count = sum(each.query.set_name == target.set_name for each in next(iter(answers.values())))
    measure = "P@2" if target.set_name == FALSE_FRIENDS else "success@3"
    return Figure(
        what=f"{target.set_name}, {measure} of {count} (at first {target.at_first})",
        figure=_list(reached),
        must=f">= {target.least:.2f}",
        met=min(reached.values()) >= target.least,
    )


def _list(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in values.items())
