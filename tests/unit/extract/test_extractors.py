"""Which types are read."""

from __future__ import annotations

import pytest

from worker.extract.extractors import EXTRACTORS
from worker.models import FileType

pytestmark = pytest.mark.unit


def test_every_type_but_unsupported_has_an_extractor() -> None:
    assert set(EXTRACTORS) == set(FileType) - {FileType.UNSUPPORTED}
