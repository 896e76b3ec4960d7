"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What was measured, as it is printed; `met` is None where nothing is asked for."""

    what: str
    figure: str
    must: str
    met: bool | None
