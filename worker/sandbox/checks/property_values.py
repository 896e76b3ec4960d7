"""Bounds of the author, title and dates that a document process reports; types are checked before."""

from __future__ import annotations

from dataclasses import astuple

from worker.models.metadata import MAX_PROPERTY_CHARS, Properties, property_text, read_time
from worker.sandbox.channel import ProtocolError


def check_properties(properties: Properties, where: str) -> None:
    """Text that can be stored and printed, and dates as they are stored; ProtocolError quotes no value."""
    if any(len(value) > MAX_PROPERTY_CHARS for value in astuple(properties)):
        raise ProtocolError(f"{where} has a text that is too long")
    if any(property_text(text) != text for text in (properties.title, properties.author)):
        raise ProtocolError(f"{where} has a text that is no line")
    if any(date and read_time(date) != date for date in (properties.created, properties.modified)):
        raise ProtocolError(f"{where} has a date that is none")
