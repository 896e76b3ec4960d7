"""Template: one CloudFormation file, as far as deploying it needs to know what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1]
ORDER = ("queue", "storage", "ledger", "search", "roles", "fleet", "scaling", "observability")
"""The stacks in the order of their deployment: each takes outputs of those before it."""

_LONGEST_BYTES = 51_200
"""What CloudFormation accepts in a request."""


@dataclass(frozen=True)
class Template:
    """One file: its parameters, resources and outputs; `name` is the concern."""

    name: str
    text: str

    @cached_property
    def content(self) -> dict[str, Any]:
        """The template, with functions in their long form: `!Ref X` is `{"Ref": "X"}`."""
        content: dict[str, Any] = yaml.load(self.text, Loader=_Loader)  # noqa: S506 - a SafeLoader with tags
        return content

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Parameter -> its declaration."""
        parameters: Mapping[str, Mapping[str, Any]] = self.content.get("Parameters", {})
        return parameters

    @property
    def required(self) -> set[str]:
        """The parameters without a default."""
        return {name for name, declared in self.parameters.items() if "Default" not in declared}

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """Logical id -> resource."""
        resources: Mapping[str, Mapping[str, Any]] = self.content["Resources"]
        return resources

    @property
    def outputs(self) -> set[str]:
        """The names of its outputs."""
        return set(self.content.get("Outputs", {}))

    @property
    def capabilities(self) -> list[str]:
        """What CloudFormation wants to be told: that roles are made."""
        is_iam = any(each["Type"].startswith("AWS::IAM::") for each in self.resources.values())
        return ["CAPABILITY_NAMED_IAM"] if is_iam else []

    @property
    def is_too_long(self) -> bool:
        """Whether it does not fit a request."""
        return len(self.text.encode()) > _LONGEST_BYTES

    def made_with(self, values: Mapping[str, str]) -> dict[str, str]:
        """Logical id -> type of the resources that these parameter values make."""
        known = {name: str(declared.get("Default", "")) for name, declared in self.parameters.items()}
        conditions = _Conditions(self.content.get("Conditions", {}), {**known, **values})
        return {
            logical_id: each["Type"]
            for logical_id, each in self.resources.items()
            if "Condition" not in each or conditions.holds(each["Condition"])
        }

    def is_kept(self, logical_id: str) -> bool:
        """Whether a resource stays when its stack is deleted."""
        return str(self.resources.get(logical_id, {}).get("DeletionPolicy", "")).startswith("Retain")


def load_templates(folder: Path = FOLDER) -> list[Template]:
    """The templates that are there, in the order of their deployment."""
    paths = [folder / f"{name}.yaml" for name in ORDER]
    return [Template(path.stem, path.read_text(encoding="utf-8")) for path in paths if path.exists()]


@dataclass(frozen=True)
class _Conditions:
    """The conditions of a template under given parameters."""

    declared: Mapping[str, Any]
    values: Mapping[str, str]

    def holds(self, name: str) -> bool:
        """Whether a condition is true; what cannot be known here counts as true."""
        return self._decide(self.declared[name])

    def _decide(self, expression: Mapping[str, Any]) -> bool:
        (function, argument) = next(iter(expression.items()))
        match function:
            case "Condition":
                return self.holds(argument)
            case "Fn::Not":
                return not self._decide(argument[0])
            case "Fn::And":
                return all(self._decide(each) for each in argument)
            case "Fn::Or":
                return any(self._decide(each) for each in argument)
            case "Fn::Equals":
                left, right = (self._text(each) for each in argument)
                return left == right
        return True

    def _text(self, value: Any) -> str:
        if isinstance(value, Mapping):
            function, argument = next(iter(value.items()))
            if function == "Ref":
                return self.values.get(argument, f"({argument})")
            if function == "Fn::Join":
                parts = argument[1] if isinstance(argument[1], list) else [argument[1]]
                return str(argument[0]).join(self._text(each) for each in parts)
        return str(value)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags."""


def _construct(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _construct)
# A date is a string in CloudFormation: `Version: 2012-10-17`.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
