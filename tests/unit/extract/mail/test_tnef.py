"""winmail.dat: the files in it, under the names that they have in whole."""

from __future__ import annotations

import pytest

from tests.stand_ins.packed_mails import mapi, mapi_object, mapi_text, winmail
from worker.extract.mail.tnef import unpack_tnef

pytestmark = pytest.mark.unit


def test_the_files_have_their_names_and_bytes() -> None:
    mail = unpack_tnef(winmail(("見積書.txt", b"estimate"), ("b.txt", b"second"), text=b"body"))
    assert (mail.subject, mail.text) == ("件名", "body")
    assert [(file.name, file.data) for file in mail.files] == [
        ("見積書.txt", b"estimate"),
        ("b.txt", b"second"),
    ]


def test_a_name_in_the_properties_is_the_whole_one() -> None:
    properties = mapi(mapi_text(0x3001, "shown"), mapi_text(0x3707, "長い名前の報告書.docx"))
    (file,) = unpack_tnef(winmail(("REPORT~1.DOC", b"report"), properties=properties)).files
    assert (file.name, file.data) == ("長い名前の報告書.docx", b"report")


def test_a_mail_within_is_its_text_and_its_files() -> None:
    inner = winmail(("inner.txt", b"inner file"), text="本文".encode("cp932"))
    mail = unpack_tnef(winmail(("x", b"-"), properties=mapi(mapi_object(0x3701, inner))))
    assert [(file.name, file.data.decode()) for file in mail.files] == [
        ("件名.txt", "件名\n\n本文"),
        ("inner.txt", "inner file"),
    ]


@pytest.mark.parametrize("cut", [10, 18, 60])
def test_a_damaged_one_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="packed mail"):
        unpack_tnef(winmail(("a.txt", b"text"))[:cut])
    with pytest.raises(ValueError, match="packed mail"):
        unpack_tnef(b"text")
