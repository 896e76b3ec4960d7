"""Searching the index of a home folder, profiled in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import random
from pathlib import Path

from bench.profiling.passes import Pass
from bench.profiling.profile_records import read_records
from worker.index.sqlite.sqlite_index import SqliteIndex
from worker.models.document import Document, Vectors
from worker.models.file import FileType
from worker.models.ledger import State
from worker.models.page import Page, TextSource
from worker.runtime.profiling.process_profile import ProcessProfile
from worker.runtime.profiling.profile_order import ProfileKind, ProfileOrder
from worker.samples.scan_texts import scan_page

_DOCUMENTS, _SEARCHES, _DIMENSION = 500, 300, 1_024
_QUERIES = ("営業報告", "売上 前年", "技術", "関東地区 確認", "report 2025", "報告書", "無い言葉")
_SIMILAR_EVERY = 10


def search_pass(kind: ProfileKind, home: Path) -> Pass:
    """Searches for words, and one in ten for a similar picture."""
    folder = home / "profile"
    process = multiprocessing.get_context("spawn").Process(
        target=_search, args=(kind, folder, home / "index.sqlite3")
    )
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"the process that searches ended with status {process.exitcode}")
    return Pass(documents=_SEARCHES, figures=read_records(folder))


def _search(kind: ProfileKind, folder: Path, path: Path) -> None:
    index = SqliteIndex(path)
    for number in range(_DOCUMENTS):
        index.index_document(_document(number), version=1)
    order = ProfileOrder(kind=kind, folder=folder)
    profile = ProcessProfile(order, process="search", descriptor=order.open("search"))
    profile.begin()
    for number in range(_SEARCHES):
        if number == _SEARCHES // 3:
            profile.save("snapshot")
        if number % _SIMILAR_EVERY == 0:
            index.similar(_vector(number))
        else:
            index.search(_QUERIES[number % len(_QUERIES)])
    profile.save("snapshot")
    profile.end()
    index.close()
    os._exit(0)


def _document(number: int) -> Document:
    text = scan_page(number % 12 + 1, seed=number, language="jpn").text
    return Document(
        file_id=f"{number:064x}",
        bucket="nas",
        key=f"{number}.pdf",
        file_name=f"営業報告書{number}.pdf",
        file_path=f"/営業/営業報告書{number}.pdf",
        size_bytes=1,
        file_type=FileType.PDF,
        state=State.INDEXED,
        pages=(Page(number=1, text=f"{number} {text}", source=TextSource.OCR, language="jpn"),),
        vectors=Vectors(image=_vector(number), image_model="bench"),
    )


def _vector(number: int) -> tuple[float, ...]:
    chance = random.Random(number)
    return tuple(chance.uniform(-1, 1) for _ in range(_DIMENSION))
