"""A copy of an older file for LibreOffice, which would show deleted text, and the moment as the date."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import olefile

from worker.extract.office.ole import UNREADABLE_OLE
from worker.extract.office.ooxml_package import UNREADABLE
from worker.extract.office.stored.biff_stream import keep_results
from worker.extract.office.stored.binary_workbook import write_results
from worker.extract.office.stored.open_document import write_stored
from worker.extract.office.stored.rtf_text import hide_deletions, repairs
from worker.extract.office.stored.word_stream import change_old, change_table, table_name
from worker.models.file import FileType

_OPEN_DOCUMENTS = frozenset({FileType.ODT, FileType.ODS, FileType.ODP, FileType.ODG})
# What is larger is converted as it is: it would be twice in memory.
_MAX_BYTES = 256 * 1024**2


def prepare_copy(path: Path, file_type: FileType) -> Path:
    """The path of such a copy, or of the file itself where it needs none or is too damaged for one."""
    target = Path(tempfile.mkdtemp(prefix="stored-form-")) / path.name
    try:
        if path.stat().st_size > _MAX_BYTES:
            return path
        if file_type in _OPEN_DOCUMENTS:
            return target if write_stored(path, target) else path
        if file_type is FileType.XLSB:
            return target if write_results(path, target) else path
        if file_type is FileType.RTF:
            target.write_bytes(hide_deletions(path.read_bytes()))
            return target
        if file_type in (FileType.DOC, FileType.XLS):
            if olefile.isOleFile(str(path)):
                shutil.copyfile(path, target)
                _change_streams(target)
                return target
            stream = path.read_bytes()
            kept = keep_results(stream)
            return target if kept != stream and target.write_bytes(kept) else path
    except (*UNREADABLE, *UNREADABLE_OLE):
        return path
    return path


def repaired_copies(path: Path, file_type: FileType) -> Iterator[Path]:
    """Copies of a document that no program could read, with its damage repaired, the most complete first."""
    if file_type is not FileType.RTF or path.stat().st_size > _MAX_BYTES:
        return
    for data in repairs(path.read_bytes()):
        target = Path(tempfile.mkdtemp(prefix="repaired-")) / path.name
        target.write_bytes(data)
        yield target


def _change_streams(path: Path) -> None:
    with olefile.OleFileIO(str(path), write_mode=True) as container:
        if container.exists("WordDocument"):
            head = container.openstream("WordDocument").read()
            container.write_stream("WordDocument", change_old(head))
            name = table_name(head)
            if name and container.exists(name):
                table = container.openstream(name).read()
                container.write_stream(name, change_table(head, table))
        for name in ("Workbook", "Book"):
            if container.exists(name):
                container.write_stream(name, keep_results(container.openstream(name).read()))
