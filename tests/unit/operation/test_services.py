"""The clock compared, and models that are off; the models themselves answer on the integration floor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from worker.aws.clients import make_clients
from worker.config import load_settings
from worker.errors import MisconfiguredError
from worker.operation.finding import Level
from worker.operation.services import clock_findings, event_findings, service_checks

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("skew_s", "level", "message"),
    [
        (1, Level.OK, "agrees"),
        (-59, Level.OK, "59 s behind"),
        (61, Level.WARNING, "61 s ahead of"),
        (-61, Level.WARNING, "61 s behind"),
        (300, Level.FAILURE, "requests are refused"),
        (-900, Level.FAILURE, "900 s behind"),
    ],
)
def test_a_wrong_clock_is_reported_with_its_distance(skew_s: int, level: Level, message: str) -> None:
    (found,) = clock_findings(NOON, NOON + timedelta(seconds=skew_s))
    assert found.level is level
    assert message in found.message
    assert ("timedatectl" in found.advice) is (level is not Level.OK)


def test_an_answer_without_a_date_is_no_finding_about_the_clock() -> None:
    (found,) = clock_findings(None, NOON)
    assert found.level is Level.OK


def test_models_that_are_off_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIS_IMAGE_MODEL", "")
    (bedrock, _clock) = service_checks(load_settings(), make_clients())
    (found,) = bedrock.run()
    assert (found.level, found.subject) == (Level.OK, "bedrock")


def test_a_target_of_events_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        arn = f"arn:aws:events:us-east-1:{'1' * 12}:event-bus"
        (found,) = event_findings(load_settings(events_target=f"{arn}/gone"))
        assert (found.level, "gone" in found.message) == (Level.WARNING, True)
        url = make_clients().sqs.create_queue(QueueName="events")["QueueUrl"]
        (found,) = event_findings(load_settings(events_target=url))
        assert (found.level, found.message) == (Level.OK, "sqs events is there")
    with pytest.raises(MisconfiguredError, match="CIS_EVENTS_TARGET"):
        event_findings(load_settings(events_target="default"))


def test_without_a_target_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def subjects(**settings: object) -> list[str]:
        return [check.subject for check in service_checks(load_settings(**settings), make_clients())]

    assert "events target" in subjects(events_target="http://127.0.0.1:9/1/q")
    assert "events target" not in subjects()
