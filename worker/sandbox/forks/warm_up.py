"""What the fork server reads before its first fork, so that no child does the same work for the first time.

Every child begins with the memory of the fork server: the database and the compiled patterns of libmagic, the
codecs, the checks of the messages, the specialised code of the interpreter. A child that has to make them
itself spends twice the CPU on a small text, most of it in page faults. The texts are constants, so nothing of
a file that anybody sent is parsed in the fork server.
"""

from __future__ import annotations

import gc
import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from worker.extract.read_options import Limits, ReadOptions
from worker.sandbox import document_process
from worker.sandbox.channel import Channel
from worker.sandbox.protocol import BeginReading, ExtractionRequest, SpawnRequest, to_json

# The interpreter specialises what has run some ten times.
_ROUNDS = 10
_JAPANESE = "第一号 営業報告書、売上は前年より増えました。Report 2025, about the sales.\n" * 8
_ENGLISH = "There were more sales in that year, and they should be reported here.\n" * 8
_DOCUMENTS = (
    ("utf8.txt", _JAPANESE.encode()),
    ("shift_jis.txt", _JAPANESE.encode("cp932")),
    ("euc.log", _JAPANESE.encode("euc_jp")),
    ("utf16.txt", _JAPANESE.encode("utf-16")),
    ("kanji.txt", "営業報告".encode()),
    ("english.md", _ENGLISH.encode()),
    ("table.csv", "番号,品名,数量\n1,ねじ,20\n".encode()),
    ("values.json", '{"name": "ねじ", "count": 20}'.encode()),
    ("page.html", f"<!doctype html><title>報告</title><p>{_JAPANESE}".encode()),
)
_OPTIONS = ReadOptions(
    limits=Limits(
        max_file_bytes=1024**2,
        max_pixels=1024**2,
        max_text_chars=1024**2,
        page_timeout_s=60.0,
        document_timeout_s=60.0,
        document_timeout_per_page_s=60.0,
        memory_bytes=1024**3,
        cpu_s=60,
        output_bytes=1024**2,
    ),
    languages=("jpn", "eng"),
    dpi=200,
    ocr_engine="tesseract",
    second_pass="off",
)


def warm_up(folder: Path) -> None:
    """Read the constant texts in this process, which must have one thread, in a folder below `folder`.

    Where the disk takes no files, the first files of each child are only slower.
    """
    before, temporary = Path.cwd(), tempfile.tempdir
    try:
        with suppress(OSError), tempfile.TemporaryDirectory(prefix="warm-up-", dir=folder) as place:
            for _ in range(_ROUNDS):
                for name, data in _DOCUMENTS:
                    _read(Path(place), name, data)
            # Not within the folder, which could not be removed then.
            os.chdir(before)
    finally:
        os.chdir(before)
        tempfile.tempdir = temporary
    # A collection in a child would write to every object, which copies the page that it is in.
    gc.collect()
    gc.freeze()


def _read(folder: Path, name: str, data: bytes) -> None:
    path = folder / "original"
    path.write_bytes(data)
    request = SpawnRequest(
        document=ExtractionRequest(path=path, name=name, folder=folder), slots=1, options=_OPTIONS
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Channel(ours).send(to_json(BeginReading(skip=(), preview=True)))
        document_process.main(Channel(theirs), request)
