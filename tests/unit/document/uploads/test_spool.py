"""Files that wait for their upload."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from worker.aws.buckets.file_upload import PART_BYTES
from worker.document.uploads.spool import NewObject, Spool, remove
from worker.errors import LocalFaultError

if TYPE_CHECKING:
    from tests.unit.world import World

pytestmark = pytest.mark.unit


@pytest.fixture
def spool(world: World) -> Spool:
    return Spool(world.local_health.work_root)


def test_a_file_has_the_contents_in_a_private_folder(spool: Spool) -> None:
    file = spool.write(NewObject(key="k", chunks=(b"one ", b"two")))
    assert Path(file.path).read_bytes() == b"one two"
    assert Path(file.path).parent.stat().st_mode & 0o077 == 0
    assert (file.key, file.size_bytes, file.digests) == ("k", 7, (hashlib.sha256(b"one two").digest(),))


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES])
def test_each_part_has_a_digest_however_the_contents_come(spool: Spool, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    parts = [data[at : at + PART_BYTES] for at in range(0, size, PART_BYTES)] or [b""]
    expected = tuple(hashlib.sha256(part).digest() for part in parts)
    chunks = [data[at : at + 700_001] for at in range(0, size, 700_001)]
    for way in (chunks, [data]):
        assert spool.write(NewObject(key="k", chunks=way)).digests == expected


def test_a_folder_that_a_cleaner_removed_is_made_again(world: World, spool: Spool) -> None:
    shutil.rmtree(world.local_health.work_root.path)
    file = spool.write(NewObject(key="k", chunks=(b"x",)))
    assert Path(file.path).read_bytes() == b"x"


def test_a_full_disk_is_a_fault_of_this_machine_and_leaves_no_file(world: World, spool: Spool) -> None:
    def full() -> Iterator[bytes]:
        yield b"x"
        raise OSError(28, "No space left on device")

    with pytest.raises(LocalFaultError, match="No space left"):
        spool.write(NewObject(key="k", chunks=full()))
    assert list((world.local_health.work_root.path / "uploads").iterdir()) == []


def test_a_file_may_be_removed_twice(spool: Spool) -> None:
    file = spool.write(NewObject(key="k", chunks=()))
    remove(file)
    remove(file)
    assert not Path(file.path).exists()
