"""Codes whose separators nobody types alike: telephone numbers, postal codes, part numbers, e-mail addresses.

t0332015544  a telephone number in its national form     p1000005   a postal code
cab1234      a part number, without its separators       e...       an address, el its name, ed its domain
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.index.analysis.values.entity import Entity

_MAIL = re.compile(r"(?<![\w.+-])(?P<name>[a-z0-9][\w.+-]{0,63})@(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+){1,5})")
_TELEPHONE = re.compile(
    r"(?<![\d.,-])(?:"
    r"(?:\+|00)81[\s-]?(?:\(0\)\s?)?(?P<abroad>[1-9]\d{0,3}[\s-]?\d{1,4}[\s-]?\d{3,4})"
    r"|(?P<home>0\d{1,4}[\s-]\d{1,4}[\s-]\d{3,4}|\(0\d{1,4}\)\s?\d{1,4}[\s-]\d{3,4}|0\d{1,4}\(\d{1,4}\)\s?\d{3,4}|0\d{9,10})"
    r"|(?P<other>\+[1-79]\d{0,2}(?:[\s.-]?\(?\d{1,4}\)?){2,5})"
    r")(?![\d]|-\d)"
)
_POSTAL = re.compile(r"(?:〒\s?(?P<marked>\d{3}-?\d{4})|(?<![\d.,-])(?P<bare>\d{3}-\d{4}))(?![\d]|-\d)")
_SEPARATED = re.compile(
    r"(?<![a-z0-9])(?=[a-z_./-]{0,40}\d)[a-z0-9]{1,20}(?:[-_./][a-z0-9]{1,20}){0,7}(?![a-z0-9])"
)
_MIN_CODE, _MAX_CODE = 4, 40
_DIGITS_OF_A_TELEPHONE = (10, 11)


def contacts(folded: str) -> Iterator[Entity]:
    """The e-mail addresses, postal codes and telephone numbers of a folded text."""
    taken = bytearray(len(folded))
    for pattern, tokens_of in (
        (_MAIL, _mail_tokens),
        (_POSTAL, _postal_tokens),
        (_TELEPHONE, _telephone_tokens),
    ):
        for match in pattern.finditer(folded):
            start, end = match.span()
            tokens = () if any(taken[start:end]) else tokens_of(match)
            if tokens:
                taken[start:end] = b"\x01" * (end - start)
                yield Entity(start=start, end=end, tokens=tokens, wanted=tokens[:1])


def part_numbers(folded: str) -> Iterator[Entity]:
    """What has digits, and letters or separators: part numbers, versions, numbers of invoices."""
    for match in _SEPARATED.finditer(folded):
        tokens = _part_tokens(match)
        if tokens:
            yield Entity(start=match.start(), end=match.end(), tokens=tokens, wanted=tokens)


def _mail_tokens(match: re.Match[str]) -> tuple[str, ...]:
    name, domain = _letters(match["name"]), _letters(match["domain"])
    return f"e{name}{domain}", f"el{name}", f"ed{domain}"


def _telephone_tokens(match: re.Match[str]) -> tuple[str, ...]:
    if match["other"]:
        return (f"t{_letters(match['other'])}",)
    digits = f"0{_letters(match['abroad'])}" if match["abroad"] else _letters(match["home"])
    return (f"t{digits}",) if len(digits) in _DIGITS_OF_A_TELEPHONE else ()


def _postal_tokens(match: re.Match[str]) -> tuple[str, ...]:
    return (f"p{_letters(match['marked'] or match['bare'])}",)


def _part_tokens(match: re.Match[str]) -> tuple[str, ...]:
    code = _letters(match[0])
    # Digits alone are a number, unless they begin with 0.
    is_code = not code.isdigit() or code.startswith("0") or re.search("[-_/]", match[0])
    return (f"c{code}",) if is_code and _MIN_CODE <= len(code) <= _MAX_CODE else ()


def _letters(code: str) -> str:
    return re.sub(r"[^a-z0-9]", "", code)
