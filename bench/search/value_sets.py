"""Sets of dates, months, amounts and numbers in another form than is typed, and of file names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from bench.search.drafts import Drafts, Order, day_thing, month_thing
from bench.search.value_forms import (
    AMOUNT_FORMS,
    DATE_FORMS,
    MONTH_FORMS,
    TYPED_AMOUNTS,
    TYPED_DATES,
    part_number_forms,
    postal_forms,
    telephone_forms,
)
from bench.search.wishes import Wish, carrier, language_of

_DAYS, _MONTHS = 34, 8
_AMOUNTS, _TELEPHONES, _POSTAL_CODES, _PART_NUMBERS = 20, 10, 5, 9
_FIRST_YEAR, _LAST_YEAR = 1994, 2025
_FILE_NAMES = (
    ("202311{n}_白石製作所_定期訪問記録_v{m}.docx", "白石製作所 定期訪問記録 v{m} 202311{n}"),
    ("第{n}回安全衛生委員会（{m}）.pdf", "第{n}回安全衛生委員会"),
    ("ProjectPlan{n}Final.pptx", "project plan {n} final"),
    ("IMG_20{n}0{m}.jpg", "IMG_20{n}0{m}.jpg"),
    ("Price List {n}-{m} (Asia).xlsx", "price list {n}-{m} asia"),
    ("【改訂{m}】旅費規程{n}.docx", "旅費規程{n}"),
    ("kintai_{n}_{m}gatsu.xlsx", "kintai_{n}_{m}gatsu"),
    ("HR-{n}_OnboardingChecklist-r{m}.docx", "onboarding checklist {n}"),
    ("見積依頼{n}　最終版{m}.xls", "見積依頼{n} 最終版{m}.xls"),
    ("site.photo.{n}.{m}.tiff", "site.photo.{n}.{m}"),
)
_NAMES_EACH = 4
_MONTH_NAME = re.compile("[A-Z][a-z]{2}")


def reserve_days(drafts: Drafts) -> tuple[list[date], list[date]]:
    """The days and months of the sets; a day that is neither the 1st to 12th nor beside another."""
    chance = Random(drafts.chance.random())
    days: list[date] = []
    while len(days) < _DAYS + _MONTHS:
        day = date(chance.randint(_FIRST_YEAR, _LAST_YEAR), chance.randint(1, 12), chance.randint(13, 27))
        if all(month_thing(day) != month_thing(other) for other in days):
            days.append(day)
    drafts.kept_days |= {day + timedelta(days=more) for day in days for more in (-1, 0, 1)}
    drafts.kept_months |= {month_thing(day) for day in days[_DAYS:]}
    return days[:_DAYS], days[_DAYS:]


def dates(drafts: Drafts) -> Iterator[Wish]:
    """Days, and months alone; other files have the day before in the form that is typed."""
    days, months = reserve_days(drafts)
    forms = list(DATE_FORMS)
    for number, day in enumerate(days):
        typed = TYPED_DATES[number % len(TYPED_DATES)]
        held = forms[(number + 1 + number // len(forms)) % len(forms)]
        while DATE_FORMS[typed](day) in DATE_FORMS[held](day):
            held = drafts.chance.choice(forms)
        _add_day(drafts, DATE_FORMS[held](day), day)
        _add_day(drafts, DATE_FORMS[typed](day - timedelta(days=1)), day - timedelta(days=1))
        yield Wish(set_name="dates", text=DATE_FORMS[typed](day), thing=day_thing(day))
    months_in = list(MONTH_FORMS)
    for number, day in enumerate(months):
        typed = months_in[number % len(months_in)]
        others = [form for form in DATE_FORMS if MONTH_FORMS[typed](day) not in DATE_FORMS[form](day)]
        _add_day(drafts, DATE_FORMS[drafts.chance.choice(others)](day), day)
        yield Wish(set_name="dates", text=MONTH_FORMS[typed](day), thing=month_thing(day))


def numbers(drafts: Drafts) -> Iterator[Wish]:
    """Amounts and numbers; other files have one that begins alike in the form that is typed."""
    yield from _amounts(drafts)
    chance = drafts.chance
    for _ in range(_TELEPHONES):
        digits = f"0{chance.randint(3, 6)}{chance.randint(3_000_0000, 6_999_9999)}"
        other = digits[:-1] + str((int(digits[-1]) + 1) % 10)
        yield _number(drafts, telephone_forms(digits), telephone_forms(other))
    for _ in range(_POSTAL_CODES):
        digits = str(chance.randint(1_000_000, 9_999_999))
        other = digits[:-1] + str((int(digits[-1]) + 1) % 10)
        yield _number(drafts, postal_forms(digits), postal_forms(other))
    for number in range(_PART_NUMBERS):
        initials, digits = f"{'QXZWV'[number % 5]}{'KTRB'[number % 4]}", str(chance.randint(1_000, 9_998))
        other = str(int(digits) + 1)
        yield _number(drafts, part_number_forms(initials, digits), part_number_forms(initials, other))


def file_names(drafts: Drafts) -> Iterator[Wish]:
    """Names of files, whole or in the words that people remember."""
    chance = drafts.chance
    for turn in range(_NAMES_EACH):
        for name, typed in _FILE_NAMES:
            values = {"n": chance.randint(11, 29), "m": turn + 1}
            filled = name.format(**values)
            thing = f"file {filled} {turn}"
            path = f"/共有/{chance.choice(('01_社内', '02_社外', 'Archive'))}/{filled}"
            drafts.add(Order(path=path, things=frozenset({thing}), language=language_of(name)))
            text = filled if turn == 0 else typed.format(**values)
            yield Wish(set_name="file names", text=text, thing=thing, may_add=False)


def _amounts(drafts: Drafts) -> Iterator[Wish]:
    chance = drafts.chance
    for number in range(_AMOUNTS):
        thousands = 10 if number % 2 else 1
        yen = chance.randint(1_010, 9_990) * 1_000 * thousands
        while thousands == 10 and yen % 100_000 == 0:
            yen += 10_000
        whole = yen % 10_000 == 0
        typed = TYPED_AMOUNTS[number % len(TYPED_AMOUNTS)]
        typed = typed if whole or typed != "ten thousands" else "digits"
        held = [form for form in AMOUNT_FORMS if whole or form != "ten thousands"]
        other = yen + 10_000 * thousands
        yield _number(
            drafts,
            (AMOUNT_FORMS[typed](yen), *(AMOUNT_FORMS[form](yen) for form in held if form != typed)),
            (AMOUNT_FORMS[typed](other),),
        )


def _number(drafts: Drafts, forms: tuple[str, ...], others: tuple[str, ...]) -> Wish:
    """A file with one of the forms, another that has the other number as typed: the first, or any."""
    chance = drafts.chance
    at = chance.randrange(len(forms)) if len(others) > 1 else 0
    typed = forms[at]
    held = chance.choice([form for form in forms if typed not in form])
    thing = f"number {forms[0]}"
    drafts.add(Order(lines=(carrier(held, chance),), things=frozenset({thing})))
    drafts.add(Order(lines=(carrier(others[at], chance),)))
    return Wish(set_name="numbers", text=typed, thing=thing)


def _add_day(drafts: Drafts, text: str, day: date) -> None:
    language = "eng" if _MONTH_NAME.search(text) else "jpn"
    things = frozenset({day_thing(day), month_thing(day)})
    drafts.add(Order(lines=(carrier(text, drafts.chance, language),), things=things, language=language))
