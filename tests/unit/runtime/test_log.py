"""Log lines: one JSON object each, in order, without secrets, whatever is thrown at them."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from worker.runtime.identity import Identity
from worker.runtime.log import bind, configure

pytestmark = pytest.mark.unit

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A configured log; everything that configure changes is put back."""
    root, ours, raising = logging.getLogger(), logging.getLogger("worker"), logging.raiseExceptions
    levels = (root.level, ours.level)
    stream = io.StringIO()
    configure("info", stream=stream)
    yield stream
    root.handlers = [handler for handler in root.handlers if handler.get_name() != "worker"]
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.raiseExceptions = raising
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_logger_and_event(lines: Lines) -> None:
    structlog.get_logger("worker.consumer").info("message_received", count=3)
    (line,) = lines()
    assert list(line)[:5] == ["timestamp", "level", "logger", "event", "count"]
    assert (line["level"], line["logger"], line["event"], line["count"]) == (
        "info",
        "worker.consumer",
        "message_received",
        3,
    )
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


WORKER = Identity(worker="w1", instance="i-0abc", process=4242, role="worker", version="1.2.3")


def test_every_line_names_worker_instance_process_and_version(stream: io.StringIO, lines: Lines) -> None:
    configure("info", stream=stream, identity=lambda: WORKER)
    # No field of an event can take their place.
    structlog.get_logger("worker.consumer").info("own", process="other", version="v7")
    for library in ("botocore.retryhandler", "urllib3.connectionpool", "opensearch"):
        logging.getLogger(library).warning("theirs")
    assert len(lines()) == 4
    for line in lines():
        assert {name: line[name] for name in WORKER.fields()} == WORKER.fields()


def test_a_line_of_a_command_names_its_process(lines: Lines) -> None:
    structlog.get_logger("worker.cli").warning("event")
    assert (lines()[0]["role"], lines()[0]["process"]) == ("command", os.getpid())
    assert lines()[0]["instance"] == socket.gethostname()


def test_kanji_are_written_as_they_are(stream: io.StringIO, lines: Lines) -> None:
    structlog.get_logger("worker").info("event", path="/共有/営業報告書 𠮷.pdf")
    logging.getLogger("botocore").warning("営業")
    assert "営業報告書 𠮷.pdf" in stream.getvalue().splitlines()[0]
    assert "営業" in stream.getvalue().splitlines()[1]
    assert lines()[0]["path"] == "/共有/営業報告書 𠮷.pdf"


@pytest.mark.parametrize("encoding", ["utf-8", "euc_jp", "ascii"])
def test_a_stream_of_any_encoding_takes_every_line(encoding: str) -> None:
    raw = io.BytesIO()
    configure("info", stream=io.TextIOWrapper(raw, encoding=encoding, write_through=True))
    structlog.get_logger("worker").info("event", path="営業\udcff\u2028\x85é😀")
    (line,) = raw.getvalue().splitlines()
    assert json.loads(line.decode(encoding))["path"] == "営業\udcff\u2028\x85é😀"


def test_lines_below_the_level_are_not_written(lines: Lines) -> None:
    log = structlog.get_logger("worker.consumer")
    log.debug("too_fine")
    log.info("written")
    assert [line["event"] for line in lines()] == ["written"]


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["worker debug", "worker error", "botocore error"]),
        ("info", ["worker error", "botocore error"]),
        ("error", ["worker error", "botocore error"]),
    ],
)
def test_libraries_log_from_warning_at_every_level(
    level: str, written: list[str], stream: io.StringIO
) -> None:
    configure(level, stream=stream)
    for name in ("worker", "botocore"):
        logging.getLogger(f"{name}.x").debug("%s debug", name)
        logging.getLogger(f"{name}.x").error("%s error", name)
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == written


def test_the_standard_loggers_write_the_same_lines(lines: Lines) -> None:
    with bind(job="j1"):
        logging.getLogger("botocore.retryhandler").warning("retry %d of %s", 2, "PutObject")
    (line,) = lines()
    assert line["event"] == "retry 2 of PutObject"
    assert (line["level"], line["logger"], line["job"]) == ("warning", "botocore.retryhandler", "j1")


def test_warnings_of_python_become_lines(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old API", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "old API" in lines()[0]["event"]


def test_a_second_configuration_replaces_the_first(stream: io.StringIO) -> None:
    second = io.StringIO()
    configure("info", stream=second)
    structlog.get_logger("worker").info("once")
    assert stream.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1


def test_bound_ids_are_on_every_line_inside_and_on_none_after(lines: Lines) -> None:
    log = structlog.get_logger("worker.x")
    with bind(message="m1", correlation="c1"):
        with bind(job="j1", file="f1", path="/a", stage="ocr"):
            log.info("inside")
        log.info("between")
    log.info("outside")
    inside, between, outside = lines()
    ids = ("job", "file", "path", "stage", "message", "correlation")
    assert [inside.get(name) for name in ids] == ["j1", "f1", "/a", "ocr", "m1", "c1"]
    assert [between.get(name) for name in ids] == [None, None, None, None, "m1", "c1"]
    assert [outside.get(name) for name in ids] == [None] * 6


def test_ids_are_unbound_when_the_work_fails(lines: Lines) -> None:
    with pytest.raises(OSError, match="failed"), bind(job="j1"):
        raise OSError("failed")
    structlog.get_logger("worker").info("next")
    assert "job" not in lines()[0]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "secret",
        "token",
        "session_token",
        "X-aws-ec2-metadata-token",
        "Authorization",
        "aws_secret_access_key",
        "SecretAccessKey",
        "api_key",
        "Set-Cookie",
    ],
)
def test_a_value_whose_name_is_secret_is_masked_at_any_depth(name: str, stream: io.StringIO) -> None:
    structlog.get_logger("worker").info("event", **{name: "hunter2"}, headers=[{name: b"hunter2"}])
    assert json.loads(stream.getvalue())[name] == "***"
    assert "hunter2" not in stream.getvalue()


def test_numbers_and_flags_are_not_secrets(lines: Lines) -> None:
    structlog.get_logger("worker").info(
        "event", input_tokens=12, token_count=3, tokens="many", has_token=True
    )
    line = lines()[0]
    assert (line["input_tokens"], line["token_count"], line["tokens"], line["has_token"]) == (
        12,
        3,
        "many",
        True,
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "GET https://b.s3.test/k?X-Amz-Date=1&X-Amz-Signature=hunter2&x=1",
            "GET https://b.s3.test/k?X-Amz-Date=1&X-Amz-Signature=***&x=1",
        ),
        ("https://b/k?X-Amz-Security-Token=hunter2", "https://b/k?X-Amz-Security-Token=***"),
        ("https://b/k?AWSAccessKeyId=A&Signature=hunter2", "https://b/k?AWSAccessKeyId=A&Signature=***"),
        ("https://admin:hunter2@search:9200/x", "https://***@search:9200/x"),
        ("https://hunter2@search:9200/x", "https://***@search:9200/x"),
        ("Authorization: Bearer hunter2", "Authorization: ***"),
        ('{"SecretAccessKey" : "hunter2", "a": 1}', '{"SecretAccessKey" : "***", "a": 1}'),
        ("password=hunter2;host=a", "password=***;host=a"),
        ("mail to a@b.example about https://c/d", "mail to a@b.example about https://c/d"),
        ("s3://nas/営業/a.pdf", "s3://nas/営業/a.pdf"),
    ],
)
def test_secrets_inside_text_are_masked(text: str, shown: str, stream: io.StringIO) -> None:
    log = structlog.get_logger("worker")
    log.warning(text, url=text, nested={"at": (text,)})
    logging.getLogger("urllib3").warning("%s", text)
    try:
        raise OSError(text)
    except OSError:
        log.exception("failed")
    own, foreign, failed = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (own["event"], own["url"], own["nested"]) == (shown, shown, {"at": [shown]})
    assert foreign["event"] == shown
    assert failed["exception"].endswith(f"OSError: {shown}")


def test_an_exception_is_one_field_of_one_line(lines: Lines) -> None:
    try:
        raise ValueError("no such page\nsecond line")
    except ValueError:
        structlog.get_logger("worker").exception("attempt_failed", code="processing_failed")
        logging.getLogger("botocore").exception("theirs")
    own, foreign = lines()
    assert own["level"] == "error"
    assert own["exception"].startswith("Traceback")
    assert own["exception"].endswith("ValueError: no such page\nsecond line")
    assert own["exception"] == foreign["exception"]


def cyclic() -> list[object]:
    loop: list[object] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\udcff\ud800", "\udcff\ud800"),
        ("a\x85b\x7f\u2066c\ufeff", "a\x85b\x7f\u2066c\ufeff"),
        ("a\nb\r\u2028\0", "a\nb\r\u2028\0"),
        (b"\xff", "b'\\xff'"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Path("/a"), "PosixPath('/a')"),
        ({1: {("a", "b"): 2}}, {"1": {"('a', 'b')": 2}}),
        ({"x"}, ["x"]),
        (cyclic(), [[[[[["[[...]]"]]]]]]),
    ],
)
def test_no_value_breaks_a_line(value: object, shown: object, stream: io.StringIO) -> None:
    structlog.get_logger("worker").info("event", value=value)
    (line,) = stream.getvalue().splitlines()
    assert line.encode().decode().isprintable()
    assert json.loads(line)["value"] == shown


def test_a_foreign_line_that_cannot_be_formatted_is_dropped_quietly(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("botocore").warning("%d pages", "many")
    structlog.get_logger("worker").info("goes_on")
    assert [line["event"] for line in lines()] == ["goes_on"]
    assert capsys.readouterr().err == ""
