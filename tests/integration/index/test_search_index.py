"""The tests of every search index, on OpenSearch."""

from __future__ import annotations

import pytest

from tests.index_body.asking import *  # noqa: F403
from tests.index_body.entries import *  # noqa: F403
from tests.index_body.keeping import *  # noqa: F403
from tests.index_body.mails import *  # noqa: F403
from tests.index_body.metadata import *  # noqa: F403
from tests.index_body.searching import *  # noqa: F403
from tests.index_body.spelling import *  # noqa: F403

pytestmark = pytest.mark.integration
