"""A stand-in for the tesseract program, so that failures can be made on purpose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
