"""Section: one mapping of a scenario file, whose keys are all known, and its kinds of numbers."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A mapping that says which keys are allowed when it meets another one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise PydanticCustomError(
                "section",
                "must be a mapping with the keys {allowed}, is {value}",
                {"allowed": ", ".join(cls.model_fields), "value": repr(value)[:60]},
            )
        for key in value:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1)
                raise PydanticCustomError(
                    "unknown_key",
                    "unknown key `{key}`{hint}; allowed: {allowed}",
                    {
                        "key": str(key),
                        "hint": f" (did you mean `{near[0]}`?)" if near else "",
                        "allowed": ", ".join(cls.model_fields),
                    },
                )
        return value


def _refuse_boolean(value: Any) -> Any:
    # In YAML `yes` is a boolean, which would count as 1.
    if isinstance(value, bool):
        raise PydanticCustomError("number", "must be a number, is {value}", {"value": str(value).lower()})
    return value


_IsNumber = BeforeValidator(_refuse_boolean)
Positive = Annotated[float, _IsNumber, Field(gt=0)]
NotNegative = Annotated[float, _IsNumber, Field(ge=0)]
Share = Annotated[float, _IsNumber, Field(ge=0, le=1)]
Count = Annotated[int, _IsNumber, Field(ge=0)]
PositiveCount = Annotated[int, _IsNumber, Field(ge=1)]
