"""Fields whose result Word does not save."""

from __future__ import annotations

import pytest
from lxml import etree

from worker.extract.office.eq_field import equation_text, insert_equation_texts

pytestmark = pytest.mark.unit

_BEGIN, _END = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
_BETWEEN = '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (r"eq \o\ac(○,印)", "印"),
        (r'EQ \* jc2 \* "Font:MS 明朝" \* hps10 \o\ad(\s\up 9(とうきょう),東京)', "東京"),
        (r"EQ \o\ac(\s\up 5(○),\s\do 2(秘))", "秘"),
        (r"EQ \f(1,2)", "1/2"),
        (r"EQ \f(\r(3,x),y)", "3x/y"),
        (r"EQ a(b)\,c", "a(b),c"),
        (r"EQ \o\ac(○,印", "印"),
        (r"EQ \o)", ")"),
        ("EQ ", ""),
        ("EQ " + r"\o(" * 5000, "("),
    ],
)
def test_of_overlaid_arguments_the_last_is_read(code: str, text: str) -> None:
    assert equation_text(code).lstrip("(") == text.lstrip("(")


def _text(body: str, *, times: int = 1) -> str:
    paragraph = etree.fromstring(f'<w:p xmlns:w="w">{body}</w:p>')
    for _ in range(times):
        insert_equation_texts(paragraph)
    return "".join(paragraph.xpath(".//*[local-name()='t']/text()"))


def _code(*pieces: str) -> str:
    return "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in pieces)


def test_a_field_in_pieces_is_inserted_once_at_its_end() -> None:
    field = _BEGIN + _code(r" eq \o\a", "c(○,", "印)") + _END

    assert _text(f"<w:r><w:t>代表者</w:t></w:r>{field}<w:r><w:t>欄</w:t></w:r>", times=2) == "代表者印欄"


def test_a_simple_field_is_read_too() -> None:
    assert _text(r'<w:fldSimple w:instr="EQ \o(○,秘)"/>', times=2) == "秘"


@pytest.mark.parametrize("code", ["PAGE", r"EQ \o(○,印)"])
def test_a_saved_result_is_the_text(code: str) -> None:
    assert _text(_BEGIN + _code(code) + _BETWEEN + "<w:r><w:t>12</w:t></w:r>" + _END) == "12"


def test_a_field_within_the_result_of_another_is_read() -> None:
    inner = _BEGIN + _code(r"EQ \o(○,印)") + _END

    assert _text(_BEGIN + _code("REF a") + _BETWEEN + inner + _END + _END) == "印"
