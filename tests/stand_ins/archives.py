"""Archives of types that Python cannot write."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from worker.extract.archive.unpacker import load

PROGRAM = "bsdtar"
needs_libarchive = pytest.mark.skipif(
    load() is None or shutil.which(PROGRAM) is None, reason="apt-get install libarchive-tools"
)


def bsdtar_archive(folder: Path, kind: str, *names: str, options: tuple[str, ...] = ()) -> Path:
    """An archive of files that have their names as text."""
    files = folder / "files"
    files.mkdir()
    for name in names:
        (files / name).write_text(f"text of {name}")
    path = folder / "original"
    subprocess.run(
        [PROGRAM, "-cf", path, "--format", kind, *options, "-C", files, *names],
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    return path


def zstandard(data: bytes) -> bytes:
    """The data in a frame of Zstandard, in blocks that are not compressed (RFC 8878)."""
    blocks = [data[at : at + 100_000] for at in range(0, len(data), 100_000)] or [b""]
    heads = [len(block) << 3 | (number == len(blocks) - 1) for number, block in enumerate(blocks)]
    # No checksum, a window of 128 MiB, the size of the content not said.
    return b"\x28\xb5\x2f\xfd\x00\x88" + b"".join(
        head.to_bytes(3, "little") + block for head, block in zip(heads, blocks, strict=True)
    )
