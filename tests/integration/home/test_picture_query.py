"""The vector of a picture to search with, with the real sandbox."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from worker.config import load_settings
from worker.document.options_from_settings import read_options
from worker.errors import Code, MisconfiguredError, RejectedError
from worker.home.picture_query import embed_locally, picture_vector
from worker.samples.documents import write_pdf
from worker.samples.fonts import Font

pytestmark = pytest.mark.integration

MODEL = "amazon.titan-embed-image-v1"


def vector_of(path: Path, *, model: str = MODEL) -> tuple[float, ...]:
    settings = load_settings()
    work_dir = path.parent / "work"
    work_dir.mkdir(exist_ok=True)
    embed = partial(embed_locally, model=model)
    vector = picture_vector(path, embed=embed, options=read_options(settings), work_dir=work_dir)
    assert list(work_dir.iterdir()) == []
    return vector


def test_a_picture_has_a_vector_of_the_model_whatever_its_name_is(tmp_path: Path) -> None:
    path = tmp_path / "picture.bin"
    Image.linear_gradient("L").convert("RGB").save(path, "PNG")
    vector = vector_of(path)
    assert len(vector) == 1024
    assert sum(value * value for value in vector) == pytest.approx(1.0, abs=1e-4)


def test_the_first_page_of_a_pdf_is_a_picture_too(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ("表題\n本文",), font=Font.GOTHIC)
    assert len(vector_of(tmp_path / "a.pdf")) == 1024


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"only words", Code.UNSUPPORTED_TYPE),
        (b"PK\x03\x04 no real archive", Code.CORRUPT),
    ],
)
def test_a_file_that_is_no_picture_is_rejected(tmp_path: Path, content: bytes, code: Code) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(RejectedError) as raised:
        vector_of(tmp_path / "x")
    assert raised.value.code is code


def test_a_model_that_is_off_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(MisconfiguredError, match="No model cannot embed"):
        vector_of(tmp_path / "a.png", model="")
