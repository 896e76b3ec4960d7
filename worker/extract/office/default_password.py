"""Workbooks that Excel encrypts with a password of its own and opens without asking for one.

It does so where only the structure or the sheets of a workbook are protected. LibreOffice knows that
password; whether it fits is seen by trying.
"""

from __future__ import annotations

from pathlib import Path

from worker.errors import Code, RejectedError
from worker.extract.office.libreoffice import Conversion, convert
from worker.extract.office.ole import OLE_START, is_encrypted_package
from worker.extract.read_options import ReadOptions

_CONVERSION = Conversion(suffix="xlsx", reader="Calc MS Excel 2007 XML", writer="xlsx:Calc MS Excel 2007 XML")
# Larger ones take minutes, and nearly all are of people who have the password.
_MAX_BYTES = 64 * 1024**2


def decrypted_workbook(path: Path, options: ReadOptions) -> Path:
    """The path of an xlsx without its encryption; the file's own where it has none.

    Raises RejectedError: `encrypted`, or `timeout`.
    """
    with path.open("rb") as file:
        is_container = file.read(len(OLE_START)) == OLE_START
    if not is_container or not is_encrypted_package(path):
        return path
    return convert_encrypted(path, _CONVERSION, options)


def convert_encrypted(path: Path, conversion: Conversion, options: ReadOptions) -> Path:
    """The converted form of an encrypted workbook. Raises RejectedError: `encrypted`, or `timeout`."""
    encrypted = RejectedError(f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    if path.stat().st_size > _MAX_BYTES:
        raise encrypted
    try:
        return convert(path, conversion, timeout_s=options.limits.page_timeout_s)
    except RejectedError as error:
        if error.code is Code.TIMEOUT:
            raise
        raise encrypted from error
