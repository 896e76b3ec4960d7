"""Mailboxes: one page of subjects, and each mail a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.extract.mail.mailbox import open_mbox
from worker.models.file import FileType
from worker.models.page import Page

pytestmark = pytest.mark.unit

_OPTIONS = read_options(Settings())
_BOX = (
    b"From a@b.c Mon Nov 30 10:00:00 2026\nFrom: a@b.c\nSubject: first\n\nFrom here on\n>From there\n\n"
    b"From d@e.f Mon Nov 30 11:00:00 2026\nFrom: d@e.f\nSubject: =?utf-8?B?5LqM?=\n\nsecond text\n"
)


def test_each_mail_is_a_file_named_by_its_subject(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(_BOX)
    source = open_mbox(path, _OPTIONS)
    (page,) = source.pages
    assert isinstance(page, Page)
    assert page.text == "1 first.eml\n2 二.eml"
    mails = [(each.name, each.open().read()) for each in source.contained]
    assert [name for name, _ in mails] == ["1 first.eml", "2 二.eml"]
    assert mails[0][1] == b"From: a@b.c\nSubject: first\n\nFrom here on\nFrom there\n\n"


def test_a_mail_over_the_limit_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(_BOX)
    options = replace(_OPTIONS, limits=replace(_OPTIONS.limits, max_file_bytes=20))
    first, second = (each.open().read() for each in open_mbox(path, options).contained)
    assert first.startswith(b"From: a@b.c")
    assert len(first) < 50
    assert second.startswith(b"From: d@e.f")


@pytest.mark.timeout(20)
def test_lines_that_almost_begin_a_mail_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "original"
    line = b"From x" + b" 1:00" * 200_000 + b"\n\n"
    path.write_bytes(_BOX + line * 8)
    assert len(list(open_mbox(path, _OPTIONS).contained)) == 2


def test_each_mail_is_one_whatever_headers_it_has(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes(_BOX)
    assert {each.file_type for each in open_mbox(path, _OPTIONS).contained} == {FileType.EML}
