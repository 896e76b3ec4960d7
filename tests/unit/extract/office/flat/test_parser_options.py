"""How an Office document that is one XML file is parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.extract.office.flat.parser_options import parser_options

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_text_may_be_long_only_where_there_are_no_entities(tmp_path: Path, encoding: str) -> None:
    plain, other = tmp_path / "plain", tmp_path / "other"
    plain.write_text("<a>text</a>", encoding=encoding)
    other.write_text('<!DOCTYPE a [<!ENTITY x "y">]><a>text</a>', encoding=encoding)

    assert parser_options(plain)["huge_tree"]
    assert not parser_options(other)["huge_tree"]
    assert not parser_options(plain)["resolve_entities"]
