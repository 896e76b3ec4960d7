"""What protects an encrypted PDF."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stand_ins.made_pdfs import raw_pdf
from worker.config import Settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, RejectedError
from worker.extract.pdf.document import open_pdf
from worker.extract.pdf.security_handler import rights_handler

pytestmark = pytest.mark.unit


def _encrypted(folder: Path, encryption: bytes, *, is_object: bool = True) -> Path:
    path = raw_pdf(
        folder,
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
            4: encryption,
        },
    )
    entry = b"4 0 R" if is_object else encryption
    path.write_bytes(path.read_bytes().replace(b"trailer\n<<", b"trailer\n<</ID[<00><00>]/Encrypt " + entry))
    return path


@pytest.mark.parametrize("is_object", [True, False])
@pytest.mark.parametrize("handler", ["FOPN_fLock", "MicrosoftIRMServices", "EBX_HANDLER", "Adobe.APS"])
def test_systems_of_rights_are_named(tmp_path: Path, handler: str, is_object: bool) -> None:
    encryption = b"<</Filter/%s/V 1/VEID(x)/BUILD(y)/INFO(z)>>" % handler.encode()
    path = _encrypted(tmp_path, encryption, is_object=is_object)
    assert rights_handler(path) == handler
    with pytest.raises(RejectedError, match=f"encrypted: rights_managed .{handler}") as caught:
        open_pdf(path, read_options(Settings()))
    assert caught.value.code is Code.ENCRYPTED


@pytest.mark.parametrize(
    "encryption",
    [
        b"<</Filter/Standard/V 1>>",
        b"<</Filter /Adobe.PubSec/V 4>>",
        b"<</Filter/Sta#6edard/V 4>>",
        b"<</V 1>>",
    ],
)
def test_passwords_and_certificates_are_no_systems_of_rights(tmp_path: Path, encryption: bytes) -> None:
    assert rights_handler(_encrypted(tmp_path, encryption)) is None


def test_a_certificate_that_is_missing_leaves_it_encrypted(tmp_path: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        open_pdf(_encrypted(tmp_path, b"<</Filter/Adobe.PubSec/V 4>>"), read_options(Settings()))
    assert (caught.value.code, "rights_managed" in str(caught.value)) == (Code.ENCRYPTED, False)


def test_an_object_that_is_missing_says_nothing(tmp_path: Path) -> None:
    path = _encrypted(tmp_path, b"<</Filter/FOPN_fLock>>")
    path.write_bytes(path.read_bytes().replace(b"4 0 obj", b"5 0 obj"))
    assert rights_handler(path) is None
