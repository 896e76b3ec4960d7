"""What a document process may say of a document's properties."""

from __future__ import annotations

import pytest

from worker.models.metadata import Properties
from worker.sandbox.channel import ProtocolError
from worker.sandbox.checks.property_values import check_properties

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "properties",
    [
        Properties(title="x" * 301),
        Properties(author="two\nlines"),
        Properties(title="half \ud800"),
        Properties(created="2024-05-31"),
        Properties(modified="soon"),
    ],
)
def test_what_cannot_be_stored_is_refused(properties: Properties) -> None:
    with pytest.raises(ProtocolError, match="DocumentDetails has a"):
        check_properties(properties, "DocumentDetails")
