"""The settings a worker started here would have, and the origin of each; secrets stay hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretBytes, SecretStr

from worker.config import Settings, environment_name

_HIDDEN = "(hidden)"
# A second net below SecretStr, for a setting that is added as a plain string.
_SECRET_NAME = re.compile(r"password|secret|token|credential", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/@]+(?=@)")


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingInForce:
    """One setting: its variable, its value as written in the variable, and its origin."""

    name: str
    value: str
    source: Literal["environment", "default"]


def settings_in_force(settings: Settings) -> list[SettingInForce]:
    """All settings, in the order docs/configuration.md has them."""
    return [
        SettingInForce(
            name=environment_name(field),
            value=as_text(field, getattr(settings, field)),
            source="environment" if field in settings.model_fields_set else "default",
        )
        for field in Settings.model_fields
    ]


def as_text(field: str, value: object) -> str:
    """A value as text; a secret, by its type, its name or its place in a URL, is hidden."""
    if isinstance(value, SecretStr | SecretBytes) or (isinstance(value, str) and _SECRET_NAME.search(field)):
        return _HIDDEN if value else ""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return _USER_IN_URL.sub(_HIDDEN, str(value))
