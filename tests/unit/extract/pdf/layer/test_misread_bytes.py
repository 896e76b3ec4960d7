"""Texts in the wrong encoding, and sound ones that look a little like them."""

from __future__ import annotations

import pytest

from worker.extract.pdf.layer.misread_bytes import is_in_other_encoding

pytestmark = pytest.mark.unit

GERMAN = "Sehr geehrte Frau Müller, für Ihre Rückfrage über die Größe der Räume können wir heute grüßen. " * 2
FRENCH = "Le conseil a décidé que les résultats présentés à la réunion étaient acceptés après débat. " * 2
PORTUGUESE = "O capítulo próximo trata da história, dos voluntários e da avaliação da instituição. " * 2
SWEDISH = "Utgåvan är säkrare än förra årets, och världen får hänga med på allt det nya i år. " * 2
CATALAN = "L’instal·lació amb el mètode d’aquí pot començar, també l’organització i l’informació. " * 2
JAPANESE = "この報告書は、四半期の売上とサービスの内容について説明するものです。ご確認ください。" * 2
BANK = "ﾔﾏﾀﾞ ﾀﾛｳ ｶ)ｱｵﾊﾞｼﾖｳｼﾞ 120,000 ﾌﾘｺﾐ ﾃｽｳﾘﾖｳ 440 ｻﾞﾝﾀﾞｶ " * 3
HYPHENATED = "Bundes\u00adver\u00adfas\u00adsungs\u00adge\u00adricht und Grund\u00adrechte " * 2


def _as(text: str, written: str, read: str) -> str:
    return text.encode(written).decode(read, "replace")


@pytest.mark.parametrize(
    "text",
    [
        _as(GERMAN, "cp1252", "cp437"),
        _as(GERMAN, "cp1252", "cp850"),
        _as(PORTUGUESE, "cp1252", "cp437"),
        _as(GERMAN, "utf-8", "mac_roman"),
        _as(FRENCH, "cp1252", "mac_roman"),
        _as(SWEDISH, "cp1252", "mac_roman"),
        _as(CATALAN, "mac_roman", "cp1252"),
        _as(FRENCH, "utf-8", "mac_roman"),
        _as(FRENCH, "utf-8", "cp1252"),
        _as(HYPHENATED, "utf-8", "mac_roman"),
        _as(JAPANESE, "utf-8", "mac_roman"),
        _as(JAPANESE, "euc_jp", "cp932"),
        _as(JAPANESE, "cp932", "latin-1"),
    ],
)
def test_a_text_in_another_encoding(text: str) -> None:
    assert is_in_other_encoding(text, len("".join(text.split())))


@pytest.mark.parametrize(
    "text",
    [
        GERMAN,
        FRENCH,
        JAPANESE,
        BANK,
        HYPHENATED,
        "Let x = √π and y = √∞; then ¬≠ holds, and a ÷ b, 6÷2, ∑xⁿ + yⁿ for n ≥ 2. " * 5,
        "sinφcosφ + cosφsinφ = sin2φ, x≤y≤z, logπ, expα " * 9,
        "Poblacht na hÉireann agus an tÚdarás, na nÁiteanna agus hÁrd " * 9,
        "1.5 ‰ and 20‰ of it; O’Neill, À L’ÉCOLE, Éire " * 9,
        "╔══════╗ ║ name ║ value ║ ╚══════╝ ▀▄▀▄ █ 50 % █ done " * 5,
        "｢ﾃｽﾄ｣､ｶﾞﾗｽ･ﾄﾞｱ｡ ﾀﾅｶ ﾊﾅｺ ｻﾏ ﾆ ｵｵｸﾘ ｼﾏｽ｡ " * 5,
    ],
)
def test_a_sound_text(text: str) -> None:
    assert not is_in_other_encoding(text, len("".join(text.split())))
