"""Stand-ins for tesseract and LibreOffice, and a writer of OLE containers, for failures on purpose."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

_PROGRAM = """#!/bin/sh
here={here}
case "$1" in
  --version) cat "$here/version"; exit 0 ;;
  --list-langs) cat "$here/languages"; exit 0 ;;
esac
input=$1 output=$2
while [ "$1" != "-l" ]; do shift; done
model=$2
echo "$model $*" >> "$here/calls"
cp "$input" "$here/last-input"
if [ -f "$here/$model.sh" ]; then . "$here/$model.sh"; fi
if [ -f "$here/$model.tsv" ]; then cp "$here/$model.tsv" "$output.tsv"; fi
if [ -f "$here/$model.osd" ]; then cp "$here/$model.osd" "$output.osd"; fi
"""


@pytest.fixture
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stand-in that is first on the PATH.

    It answers with `<model>.tsv` (or `osd.osd`), after `<model>.sh` was sourced; `calls` has a line for
    each pass, beginning with the model; `last-input` is the picture it was given last.
    """
    folder = tmp_path / "tesseract-folder"
    folder.mkdir()
    (folder / "version").write_text("tesseract 5.3.0\n")
    (folder / "languages").write_text("List of available languages (4):\neng\njpn\njpn_vert\nosd\n")
    program = folder / "tesseract"
    program.write_text(_PROGRAM.format(here=folder))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


_SOFFICE = """#!/bin/sh
here={here}
if [ "$1" = --version ]; then echo "LibreOffice 7.4.7.2 40(Build:2)"; exit 0; fi
echo "$*" >> "$here/arguments"
profile=$(echo "$1" | sed 's|^-env:UserInstallation=file://||')
cp "$profile/user/registrymodifications.xcu" "$here/settings"
while [ "$1" != "--outdir" ]; do shift; done
out="$2"
input="$3"
mkdir -p "$out"
{behaviour}
"""


@dataclass(frozen=True, kw_only=True)
class StandInOffice:
    """A stand-in for LibreOffice that is first on the PATH; `ready.pdf` in its folder is a result."""

    folder: Path

    def behaves(self, commands: str) -> None:
        """Set the commands of a conversion, with $here, $input and $out, the folder for its output."""
        program = self.folder / "soffice"
        program.write_text(_SOFFICE.format(here=self.folder, behaviour=commands))
        program.chmod(0o755)

    def calls(self) -> list[str]:
        """The arguments of every run."""
        arguments = self.folder / "arguments"
        return arguments.read_text().splitlines() if arguments.exists() else []


@pytest.fixture
def soffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandInOffice:
    folder = tmp_path / "soffice-folder"
    folder.mkdir()
    canvas = Canvas(str(folder / "ready.pdf"))
    canvas.drawString(72, 700, "Hello from the past")
    canvas.save()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return StandInOffice(folder=folder)


@pytest.fixture
def no_soffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH without LibreOffice, whatever is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made during the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


WriteOle = Callable[[Path, dict[str, bytes]], Path]


@pytest.fixture
def write_ole() -> WriteOle:
    """Write an OLE container with these streams ([MS-CFB], version 3), each padded to 4096 bytes.

    `folder/stream` is in a folder, which may be in another one.
    """
    return _write_ole


_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def _write_ole(path: Path, streams: dict[str, bytes]) -> Path:
    names = [name.rsplit("/", times)[0] for name in streams for times in range(name.count("/"), -1, -1)]
    # Those of one folder follow one another.
    order = sorted(dict.fromkeys(names), key=lambda name: (name.count("/"), name.rpartition("/")[0]))
    folder_sectors = -(-(len(order) + 1) // 4)
    chains, data = [_FAT], b""
    chains += [*range(2, folder_sectors + 1), _END]
    entries = [_ole_entry("Root Entry", kind=5, right=_FREE, child=1 if streams else _FREE)]
    for number, name in enumerate(order, start=1):
        parent, _, own = name.rpartition("/")
        follows = number < len(order) and order[number].rpartition("/")[0] == parent
        right = number + 1 if follows else _FREE
        if name not in streams:  # a folder, whose first stream is its child
            child = 1 + next(at for at, each in enumerate(order) if each.rpartition("/")[0] == name)
            entries.append(_ole_entry(own, kind=1, right=right, child=child, start=0))
            continue
        padded = streams[name].ljust(4096, b"\0")
        padded += bytes(-len(padded) % 512)
        first, count = len(chains), len(padded) // 512
        chains += [*range(first + 1, first + count), _END]
        entries.append(_ole_entry(own, kind=2, right=right, start=first, size=len(padded)))
        data += padded
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1)
    header += struct.pack("<I4xIIIII", 1, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    fat = struct.pack("<128I", *chains, *[_FREE] * (128 - len(chains)))
    folder = b"".join(entries).ljust(folder_sectors * 512, b"\0")
    path.write_bytes(header + fat + folder + data)
    return path


def _ole_entry(
    name: str, *, kind: int, right: int, child: int = _FREE, start: int = _END, size: int = 0
) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return head + struct.pack("<III", _FREE, right, child) + bytes(36) + struct.pack("<IQ", start, size)
