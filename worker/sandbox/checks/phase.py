"""Where a document process is in its work, as the worker sees it."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """What it may send in each is in `protocol.MESSAGES_IN`."""

    DETECTING = "detecting"
    WAITING = "waiting"  # for BeginReading
    OPENING = "opening"
    LISTING = "listing"
    LISTED = "listed"
    ENDED = "ended"
