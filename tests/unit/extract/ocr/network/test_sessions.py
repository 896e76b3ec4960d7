"""The models as they are loaded: missing files, and the part of the alphabet that is kept."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from worker.extract.ocr.network import sessions
from worker.extract.ocr.network.sessions import Pixels

pytestmark = pytest.mark.unit


def test_blank_the_characters_of_the_languages_and_the_space_are_kept() -> None:
    classes, alphabet = sessions._classes(["產", "産", "🚲", "a"], ("jpn",))

    assert classes == [0, 2, 4, 5]
    assert alphabet == ["", "産", "a", " "]


def test_of_a_model_that_gives_shares_the_kept_classes_become_logits() -> None:
    class Shares:
        def run(self, pixels: Pixels) -> NDArray[np.float32]:
            return np.full((len(pixels), 1, 4), [0.5, 0.2, 0.0, 0.3], dtype=np.float32)

    logits = sessions._SomeClasses(Shares(), [0, 2, 3]).run(np.zeros((1, 3, 48, 8), dtype=np.float32))

    assert logits.shape == (1, 1, 3)
    assert np.exp(logits[0, 0, [0, 2]]) == pytest.approx([0.5, 0.3])
    assert np.isfinite(logits).all()


def test_without_the_files_there_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "model_files", lambda: None)

    with pytest.raises(FileNotFoundError):
        sessions._files()
