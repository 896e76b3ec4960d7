"""A CloudFormation template as its tests see it, and the metric math in one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

INFRA = Path(__file__).parents[2] / "infra"
Template = dict[str, Any]


@cache
def template(name: str) -> Template:
    """The template of that file; `!Ref x` is `{"Ref": "x"}`."""
    found, problems = decode(str(INFRA / name))
    assert problems == []
    assert found is not None
    return dict(found)


def of_type(name: str, kind: str) -> dict[str, Template]:
    """Logical id -> properties of all resources of a kind."""
    return {
        logical: resource["Properties"]
        for logical, resource in template(name)["Resources"].items()
        if resource["Type"] == kind
    }


def substitute(value: Any, values: dict[str, str]) -> str:
    """What Fn::Sub, Ref or a plain text become with these values."""
    if isinstance(value, dict) and "Ref" in value:
        return values[value["Ref"]]
    text = value["Fn::Sub"] if isinstance(value, dict) else value
    return re.sub(r"\$\{([\w:.]+)\}", lambda match: values[match[1]], str(text))


def names_in(text: str) -> set[str]:
    """The `${names}` that Fn::Sub would replace; `${!name}` it leaves to the shell."""
    return set(re.findall(r"\$\{([\w:.]+)\}", text))


def calculate(expression: str, **series: float | None) -> float | None:
    """A metric math expression on one point of each series; None is a missing point, also of the result."""

    class Missing(Exception):
        """A point is missing and nothing fills it."""

    class Series(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            value = super().__getitem__(name)
            if value is None:
                raise Missing
            return value

    # FILL alone accepts a missing point, so its argument is quoted.
    filled = re.sub(r"FILL\((\w+), (\w+)\)", r"FILL('\1', \2)", expression)
    python = filled.replace(" AND ", " and ").replace(" OR ", " or ")
    functions = {
        "IF": lambda condition, yes, no: yes if condition else no,
        "FILL": lambda name, instead: instead if series[name] is None else series[name],
        "MAX": max,
    }
    try:
        # The expressions are our own files'.
        return float(eval(python, {"__builtins__": {}}, Series({**functions, **series})))  # noqa: S307
    except Missing:
        return None
