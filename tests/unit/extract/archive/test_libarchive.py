"""Archives by libarchive's program, and without it."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.archive.libarchive import PROGRAM, open_with_libarchive
from worker.extract.archive.zip_archive import open_zip

pytestmark = pytest.mark.unit

_OPTIONS = read_options(Settings())
_needs_program = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="apt-get install libarchive-tools")


def _archive(folder: Path, kind: str) -> Path:
    files = folder / "files"
    files.mkdir()
    for name in ("注文書.txt", "second.txt"):
        (files / name).write_text(f"text of {name}")
    path = folder / "original"
    subprocess.run(
        [PROGRAM, "-cf", path, "--format", kind, "-C", files, "注文書.txt", "second.txt"],
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    return path


@_needs_program
@pytest.mark.parametrize("kind", ["7zip", "iso9660"])
def test_the_files_are_read_one_after_the_other(tmp_path: Path, kind: str) -> None:
    source = open_with_libarchive(_archive(tmp_path, kind), _OPTIONS)
    found = {each.name: each.open().read().decode() for each in source.contained}
    assert set(found.values()) == {"text of 注文書.txt", "text of second.txt"}
    assert source.unread == ()
    assert {path.name for path in tmp_path.iterdir()} == {"files", "original", "bsdtar.txt"}


@_needs_program
def test_a_zip_without_its_directory_gives_what_can_be_found(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a.txt", "first text")
        archive.writestr("b.txt", "second text")
    whole = data.getvalue()
    path = tmp_path / "original"
    path.write_bytes(whole[: whole.index(b"PK\x01\x02")])
    source = open_zip(path, _OPTIONS)
    assert source.unread == (Code.CORRUPT,)
    assert [each.open().read() for each in source.contained] == [b"first text", b"second text"]


@_needs_program
def test_what_is_no_archive_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + b"\xff" * 100)
    with pytest.raises(RejectedError) as caught:
        open_with_libarchive(path, _OPTIONS)
    assert caught.value.code is Code.CORRUPT


def test_without_the_program_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "original"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(RejectedError) as caught:
        open_with_libarchive(path, _OPTIONS)
    assert caught.value.code is Code.NEEDS_LIBARCHIVE
    with pytest.raises(RejectedError, match="a damaged archive") as caught:
        open_with_libarchive(path, _OPTIONS, damage="a damaged archive")
    assert caught.value.code is Code.CORRUPT
