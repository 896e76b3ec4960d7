"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A measurement as it is printed; `met` is None where there is no limit."""

    what: str
    figure: str
    must: str
    met: bool | None
