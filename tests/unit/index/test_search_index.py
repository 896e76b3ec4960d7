"""What is asked of every search index, asked of the one in SQLite."""

from __future__ import annotations

import pytest

from tests.index_body.keeping import *  # noqa: F403
from tests.index_body.searching import *  # noqa: F403

pytestmark = pytest.mark.unit
