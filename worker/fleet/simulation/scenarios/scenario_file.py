"""A scenario from its YAML file, and what is wrong with it in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from worker.errors import MisconfiguredError
from worker.fleet.simulation.scenarios.policy_settings import PolicySettings
from worker.fleet.simulation.scenarios.scenario import Arrivals, Scenario

_MAX_BYTES = 1_000_000
# Of these lists pydantic names the kind of an entry in the path, behind its number; the file does not.
_WITH_KINDS = ("arrivals", "policies")
_PLAIN = {
    "missing": "is missing; it has no default",
    "too_short": "must have at least one entry",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "string_type": "must be a text",
}


class _Loader(yaml.SafeLoader):
    """Refuses keys that are given twice (YAML would keep the last) and aliases (which may explode)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a word", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key `{key}` is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)


def load_scenario(path: Path) -> Scenario:
    """The scenario of a file. Raises MisconfiguredError with file, key and what is allowed there."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise MisconfiguredError(f"{path}: too large for a scenario; at most {_MAX_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MisconfiguredError(
            f"{path}: {reason}; name a scenario file, such as those of infra/scenarios"
        ) from error
    except UnicodeDecodeError as error:
        raise MisconfiguredError(f"{path}: not UTF-8; a scenario is a YAML file in UTF-8") from error
    try:
        # The loader is a SafeLoader.
        values = yaml.load(text, Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MisconfiguredError(f"{path}: {_describe_syntax(error)}") from error
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        raise MisconfiguredError(f"{path}: {_describe(error)}") from error


def _describe_syntax(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return f"no YAML: {' '.join(str(error).split())[:200]}"


def _describe(error: ValidationError) -> str:
    """The first fault, and how many there are besides."""
    # A list whose only entry is wrong is too short, too.
    errors = [each for each in error.errors(include_url=False) if each["type"] != "too_short"]
    first, *others = errors or error.errors(include_url=False)
    return _describe_fault(first) + (f" (and {len(others)} more)" if others else "")


def _describe_fault(fault: ErrorDetails) -> str:
    key = _key(fault["loc"])
    said = _describe_value(fault)
    return f"{key}: {said}" if key else said


def _describe_value(fault: ErrorDetails) -> str:
    given = f", is {fault['input']!r}"[:100]
    match fault["type"]:
        case "union_tag_invalid":
            what = "policy" if fault["loc"][0] == "policies" else "kind"
            return f"`kind`: no such {what} `{fault['ctx']['tag']}`; allowed: {_kinds(fault)}"
        case "union_tag_not_found":
            return f"`kind` is missing; allowed: {_kinds(fault)}"
        case "missing" | "too_short" as kind:
            return _PLAIN[kind]
        case kind if kind in _PLAIN:
            return _PLAIN[kind] + given
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" | "finite_number":
            return fault["msg"].replace("Input should", "must") + given
        case _:
            return fault["msg"].replace("Input should", "must")


def _kinds(fault: ErrorDetails) -> str:
    forms = get_args(get_args(PolicySettings if fault["loc"][0] == "policies" else Arrivals)[0])
    return ", ".join(get_args(form.model_fields["kind"].annotation)[0] for form in forms)


def _key(path: tuple[int | str, ...]) -> str:
    """The path to a value as one reads it in the file: `documents[0].pages.median`."""
    if len(path) > 2 and path[0] in _WITH_KINDS:
        path = (*path[:2], *path[3:])
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if part != "[key]")
    return key.removeprefix(".")
