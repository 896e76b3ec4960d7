"""The network's files and its alphabet."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from worker.extract.ocr.network.models import classes_of, model_files, models_version

pytestmark = pytest.mark.unit

_CHARACTERS = ("A", "é", "あ", "産", "產", "増", "增", "髙", "①", "—", "🚲", "한")


@pytest.mark.parametrize(
    ("languages", "allowed"),
    [
        (["jpn", "eng"], "Aéあ産増髙①—"),
        (["jpn", "chi_tra"], "Aéあ産產増增髙①—🚲한"),
        (["kor"], "Aéあ産產増增髙①—🚲한"),
    ],
    ids=["Japanese", "Chinese", "Korean"],
)
def test_the_alphabet_is_that_of_the_languages(languages: list[str], allowed: str) -> None:
    assert "".join(_CHARACTERS[place] for place in classes_of(_CHARACTERS, languages)) == allowed


def test_the_version_names_the_bytes_of_the_files(require_module: Callable[..., None]) -> None:
    require_module("rapidocr")

    files = model_files()

    assert files is not None
    assert files.recognition.stat().st_size > 10**7
    name, digits = models_version().split(" ")
    assert name == "PP-OCRv6-small"
    assert len(digits) == 12
    assert int(digits, 16) > 0
