"""Findings, status and settings as tables; whole commands are in test_operator.py."""

from __future__ import annotations

import pytest

from worker.cli.operator_display import findings_values, print_findings, print_settings
from worker.operation.finding import failure, ok, warning
from worker.operation.settings_in_force import SettingInForce

pytestmark = pytest.mark.unit

FINDINGS = [ok("queue", "fine"), warning("table", "slow", "wait"), failure("index", "a\x1b[2J", "fix it")]


def test_findings_are_counted_by_level() -> None:
    values = findings_values(FINDINGS)
    assert (values["failures"], values["warnings"]) == (1, 1)
    findings = values["findings"]
    assert isinstance(findings, list)
    assert findings[0] == {"level": "ok", "subject": "queue", "message": "fine", "advice": ""}


def test_findings_are_printed_with_their_advice_and_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_findings(FINDINGS)
    printed = capsys.readouterr().out
    for part in ("→ wait", "→ fix it", "a\ufffd[2J", "1 ok, 1 warning, 1 failure"):
        assert part in printed


def test_a_setting_is_printed_with_its_origin(capsys: pytest.CaptureFixture[str]) -> None:
    print_settings([SettingInForce(name="CIS_SLOTS", value="7", source="environment")])
    assert capsys.readouterr().out.split()[-3:] == ["CIS_SLOTS", "7", "environment"]
