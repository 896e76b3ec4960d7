"""Mailboxes (mbox): one page with the subjects, and each mail as a file."""

from __future__ import annotations

import email
import email.policy
import io
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from worker.extract.mail.headers import header_text
from worker.extract.page_source import ContainedFile, PageSource, no_preview
from worker.extract.read_options import ReadOptions
from worker.extract.text.normalise import clean
from worker.extract.text.text_page import file_page, refuse_render
from worker.models.file import FileType

_START = re.compile(rb"From \S.*\d:\d\d.*\d{4}")
"""Sender and time: a sentence may begin with the same word."""
# The pattern takes the square of what it is matched with.
_START_BYTES = 300
_MAX_LINE_BYTES = 1 << 20
_HEAD_BYTES = 65_536
_QUOTED_START = re.compile(rb"(?m)^>(?=>*From )")


def open_mbox(path: Path, options: ReadOptions) -> PageSource:
    """Each line `From ` at the start or after an empty line begins a mail."""
    names = [_name(number, head) for number, head in _heads(path, options.limits.max_members)]
    return PageSource(
        page_count=1,
        pages=iter((file_page(1, clean("\n".join(names)), options),)),
        render=refuse_render,
        preview=no_preview,
        contained=_mails(path, options.limits.max_file_bytes),
    )


def _heads(path: Path, most: int) -> Iterator[tuple[int, bytes]]:
    for number, mail in enumerate(_split(path, _HEAD_BYTES), start=1):
        if number > most:
            return
        yield number, mail


def _mails(path: Path, most_bytes: int) -> Iterator[ContainedFile]:
    for number, mail in enumerate(_split(path, most_bytes), start=1):
        yield ContainedFile(
            name=_name(number, mail[:_HEAD_BYTES]),
            open=partial(io.BytesIO, mail),
            size_bytes=len(mail),
            file_type=FileType.EML,
        )


def _name(number: int, head: bytes) -> str:
    subject = header_text(email.message_from_bytes(head, policy=email.policy.compat32), "Subject")
    return f"{number} {subject or 'mail'}.eml"


def _split(path: Path, most_bytes: int) -> Iterator[bytes]:
    """Each mail without the line that begins it, cut at so many bytes."""
    mail, is_after_blank = io.BytesIO(), True
    has_begun = False
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE_BYTES):
            if is_after_blank and _START.match(line[:_START_BYTES]):
                if has_begun:
                    yield _QUOTED_START.sub(b"", mail.getvalue())
                mail, has_begun = io.BytesIO(), True
            elif mail.tell() < most_bytes:
                mail.write(line)
            is_after_blank = not line.strip()
    if has_begun:
        yield _QUOTED_START.sub(b"", mail.getvalue())
