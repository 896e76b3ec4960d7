"""A server is built once for all processes, and again after a change of its recipe or a failure."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.build import built, fingerprint
from tests.servers.catalogue import DYNALITE
from tests.servers.kind import Kind, ServerError

pytestmark = pytest.mark.integration


def recorded(builds: list[Path]) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        builds.append(folder)
        (folder / "made").write_text("x", encoding="utf-8")

    return build


def of(build: Callable[[Path], None]) -> Kind:
    return replace(DYNALITE, build=build)


def test_of_many_requests_at_once_one_builds(tmp_path: Path) -> None:
    builds: list[Path] = []
    kind = of(recorded(builds))
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: built(kind, into=tmp_path), range(8)))
    assert builds == [tmp_path / "dynalite"]
    assert set(folders) == {tmp_path / "dynalite"}
    assert (tmp_path / "dynalite" / "package.json").exists()


def test_a_build_that_failed_is_begun_anew(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x", encoding="utf-8")
        raise ServerError("no network")

    with pytest.raises(ServerError, match="no network"):
        built(of(fail), into=tmp_path)
    builds: list[Path] = []
    folder = built(of(recorded(builds)), into=tmp_path)
    assert len(builds) == 1
    assert not (folder / "half").exists()


def test_every_change_of_a_recipe_is_seen(tmp_path: Path) -> None:
    recipe, place = tmp_path / "recipe", tmp_path / "place"
    (recipe / "sub").mkdir(parents=True)
    seen = {fingerprint(recipe, place)}
    (recipe / "a").write_text("1", encoding="utf-8")
    seen.add(fingerprint(recipe, place))
    (recipe / "a").write_text("2", encoding="utf-8")
    seen.add(fingerprint(recipe, place))
    (recipe / "a").rename(recipe / "sub" / "a")
    seen.add(fingerprint(recipe, place))
    seen.add(fingerprint(recipe, tmp_path / "elsewhere"))
    assert len(seen) == 5


def test_a_folder_that_cannot_be_written_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ServerError, match="No server can be made here"):
        built(of(recorded([])), into=tmp_path / "file")
