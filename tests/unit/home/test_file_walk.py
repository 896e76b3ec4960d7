"""Walks over files, folders, links and special files."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.home.file_walk import FoundFile, Ignored, LeftOut, Unreadable, display, examine, is_gone, walk
from worker.home.name_filter import NameFilter

pytestmark = pytest.mark.unit


def never() -> None:
    """Do not stop."""


def found(*paths: Path, home: Path | None = None) -> list[str]:
    nowhere = str(home or "/nowhere/home")
    return [
        step.path
        for step in walk([str(path) for path in paths], exclude=nowhere, stop=never)
        if isinstance(step, FoundFile)
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b/2.txt", "b/1.txt", "a.txt", ".hidden"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "tree"


def test_all_files_come_in_the_order_of_their_names(tree: Path) -> None:
    names = [".hidden", "a.txt", "b/1.txt", "b/2.txt"]
    assert found(tree) == [str(tree / name) for name in names]


def test_a_file_that_is_named_twice_comes_once(tree: Path) -> None:
    assert found(tree / "b", tree / "b" / "1.txt", tree / "b").count(str(tree / "b" / "1.txt")) == 1


def test_size_and_time_are_those_of_the_file(tree: Path) -> None:
    os.utime(tree / "a.txt", ns=(5, 1_700_000_000_123_456_789))
    (file,) = walk([str(tree / "a.txt")], exclude="/nowhere", stop=never)
    assert file == FoundFile(path=str(tree / "a.txt"), size_bytes=5, mtime_ns=1_700_000_000_123_456_789)


def test_the_home_inside_a_folder_is_excluded(tree: Path) -> None:
    assert found(tree, home=tree / "b") == [str(tree / ".hidden"), str(tree / "a.txt")]


def test_a_link_to_a_file_is_followed_and_a_loop_is_not(tree: Path) -> None:
    (tree / "b" / "link.txt").symlink_to(tree / "a.txt")
    (tree / "b" / "loop").symlink_to(tree)
    steps = {step.path: step for step in walk([str(tree / "b")], exclude="/nowhere", stop=never)}
    assert isinstance(steps[str(tree / "b" / "link.txt")], FoundFile)
    assert steps[str(tree / "b" / "loop")] == Ignored(
        path=str(tree / "b" / "loop"), message="a link to a folder: not followed"
    )
    assert len(steps) == 4


def test_a_link_is_passed_over_where_its_file_is_found_without_it(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("outside")
    for name, target in (("0", tree / "a.txt"), ("1", outside), ("2", outside)):
        (tree / "b" / f"{name} link.txt").symlink_to(target)
    (tmp_path / "same").symlink_to(tree / "b")
    steps = list(walk([str(tree), str(tmp_path / "same")], exclude="/nowhere", stop=never))
    files = [Path(step.path).name for step in steps if isinstance(step, FoundFile)]
    assert files == [".hidden", "a.txt", "1.txt", "2.txt", "1 link.txt"]
    passed = [(Path(step.path).name, step.message) for step in steps if isinstance(step, Ignored)]
    why = "a link to a file that is found without it"
    assert passed == [("0 link.txt", why), ("2 link.txt", why)]


def test_a_hidden_file_is_found_by_a_link_to_it(tree: Path) -> None:
    (tree / "b" / "seen.txt").symlink_to(tree / ".hidden")
    steps = list(walk([str(tree)], exclude="/nowhere", stop=never, names=NameFilter(exclude=("1.*",))))
    left_out = [Path(step.path).name for step in steps if isinstance(step, LeftOut)]
    assert left_out == [".hidden", "1.txt"]
    assert [Path(step.path).name for step in steps if isinstance(step, FoundFile)] == [
        "a.txt",
        "2.txt",
        "seen.txt",
    ]


def test_only_files_that_are_included_are_taken_and_folders_are_entered(tree: Path) -> None:
    steps = list(walk([str(tree)], exclude="/nowhere", stop=never, names=NameFilter(include=("b/1*",))))
    assert [step.path for step in steps if isinstance(step, FoundFile)] == [str(tree / "b" / "1.txt")]


def test_a_link_to_a_folder_that_was_given_is_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "given").symlink_to(tree / "b")
    assert found(tmp_path / "given") == [str(tmp_path / "given" / name) for name in ("1.txt", "2.txt")]


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


@pytest.mark.parametrize(("make", "name"), [(_pipe, "a pipe"), (_socket, "a socket")])
def test_a_special_file_is_named_and_not_opened(
    tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    make(tmp_path / "x")
    assert examine(str(tmp_path / "x")) == Ignored(path=str(tmp_path / "x"), message=f"{name}, not a file")


def test_a_device_is_no_file() -> None:
    assert examine("/dev/null") == Ignored(path="/dev/null", message="a device, not a file")


@pytest.mark.parametrize("target", ["missing", "link"])
def test_a_link_to_nothing_or_to_itself_is_unreadable(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / target)
    assert isinstance(examine(str(tmp_path / "link")), Unreadable)


def test_a_file_that_vanishes_during_the_walk_is_reported(tree: Path) -> None:
    steps = []
    for step in walk([str(tree)], exclude="/nowhere", stop=never):
        steps.append(step)
        if step.path.endswith(".hidden"):
            (tree / "a.txt").unlink()
    assert steps[1] == Unreadable(path=str(tree / "a.txt"), message="No such file or directory")


def test_a_name_that_is_no_utf8_is_walked_and_shown(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\x93\xfa\x96{.txt"
    with open(raw, "wb") as file:  # noqa: PTH123
        file.write(b"x")
    (step,) = walk([str(tmp_path)], exclude="/nowhere", stop=never)
    assert os.fsencode(step.path) == raw
    # As a Japanese Windows writes 日本; a name of another encoding beside it is decoded for itself.
    assert display(step.path).endswith("/日本.txt")
    assert display(os.fsdecode("写真/".encode() + b"\x93\xfa\x96{/caf\xe9.txt")) == "写真/日本/caf\ufffd.txt"


def test_a_stop_takes_effect_between_files(tree: Path) -> None:
    calls: list[int] = []

    def stop() -> None:
        calls.append(1)
        if len(calls) > 2:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        list(walk([str(tree)], exclude="/nowhere", stop=stop))
    assert len(calls) == 3


def test_only_a_file_that_is_known_to_be_missing_is_gone(tree: Path) -> None:
    (tree / "loop").symlink_to(tree / "loop")
    gone = {name: is_gone(str(tree / name)) for name in ("a.txt", "b", "c.txt", "a.txt/under", "loop")}
    assert gone == {"a.txt": False, "b": True, "c.txt": True, "a.txt/under": True, "loop": False}
