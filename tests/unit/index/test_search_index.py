"""The tests of every search index, on SQLite."""

from __future__ import annotations

import pytest

from tests.index_body.asking import *  # noqa: F403
from tests.index_body.entries import *  # noqa: F403
from tests.index_body.keeping import *  # noqa: F403
from tests.index_body.mails import *  # noqa: F403
from tests.index_body.metadata import *  # noqa: F403
from tests.index_body.searching import *  # noqa: F403
from tests.index_body.spelling import *  # noqa: F403
from worker.index.search_index import visible_score

pytestmark = pytest.mark.unit


def test_scores_keep_their_order_and_none_of_a_match_is_shown_as_0() -> None:
    scores = [0.0, 1e-9, 1e-6, 2e-6, 1e-5, 1e-3, 0.0499, 0.05, 0.3, 40.0, 1_000.0]
    shown = [visible_score(score) for score in scores]
    assert shown == sorted(set(shown))
    assert (shown[0], shown[-4:]) == (0.0, scores[-4:])
    assert min(shown[1:]) >= 0.01
