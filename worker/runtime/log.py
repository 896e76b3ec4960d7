"""Structured logs: one JSON object a line in UTF-8, those of libraries too, with secrets masked."""

from __future__ import annotations

import codecs
import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from worker.runtime.identity import Identity, command_identity

METRIC_LOGGER = "worker.runtime.metric_log"
"""The logger of lines with metrics, which are written at every level."""

_HANDLER = "worker"
_MASK = "***"
# Deeper values are logged as their repr: nested input must not exhaust the stack.
_MAX_DEPTH = 6
_FIRST_FIELDS = ("timestamp", "level", "logger", "event")
# What is bound comes in the order of its binding, which differs from line to line.
_ID_FIELDS = ("path", "file", "job", "stage", "message", "correlation", "trace_id", "span_id")

_SECRET_NAME = re.compile(
    r"passw|secret|token(?!s)|authorization|credential|signature|cookie|(?:api|access|private)[_-]?key",
    re.IGNORECASE,
)
_SECRET_IN_TEXT = re.compile(
    # X-Amz-Signature=..., "SecretAccessKey": "...", password=..., Authorization: Bearer ...
    r"((?:x-amz-(?:signature|credential|security-token)|signature|password|secret[_-]?access[_-]?key"
    r"|session[_-]?token|authorization)[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"',;&}]+",
    re.IGNORECASE,
)
_USER_IN_URL = re.compile(r"://[^/\s@]+@")
# Inside JSON's strings, so an escape says the same: what ends a line for some readers, turns text around on a
# terminal, or is no character (a surrogate that stands for a byte of a file name) and has no UTF-8.
_ESCAPED = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def configure(
    level: str,
    *,
    stream: TextIO,
    identity: Callable[[], Identity] = command_identity,
    handler: logging.Handler | None = None,
) -> None:
    """Send all logs to `stream`, or to `handler` where one is given; a second call replaces the first.

    `level` is debug, info, warning or error. `identity` is asked for once, at the first line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    # A terminal of another encoding gets escapes.
    is_unicode = handler is not None or _is_utf8(stream)
    handler = handler or logging.StreamHandler(stream)
    handler.set_name(_HANDLER)
    fields = cache(lambda: identity().fields())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                partial(_prepare_line, fields),
                partial(_render, is_unicode),
            ],
        )
    )
    _install(handler, level.upper())


def bind(
    *,
    job: str | None = None,
    file: str | None = None,
    path: str | None = None,
    stage: str | None = None,
    message: str | None = None,
    correlation: str | None = None,
) -> AbstractContextManager[None]:
    """Add these ids to every line this thread logs inside; ids left out keep their values."""
    ids = {
        "job": job,
        "file": file,
        "path": path,
        "stage": stage,
        "message": message,
        "correlation": correlation,
    }
    given = {name: value for name, value in ids.items() if value is not None}
    return structlog.contextvars.bound_contextvars(**given)


def _install(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in [known for known in root.handlers if known.get_name() == _HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    # Libraries log from `warning` on only: at `debug` boto3 would print request headers.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    logging.getLogger("worker").setLevel(level)
    # Figures for CloudWatch are no messages of whatever severity.
    logging.getLogger(METRIC_LOGGER).setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    # A line that cannot be formatted is dropped; logging's own report would not be JSON.
    logging.raiseExceptions = False


def _prepare_line(
    identity: Callable[[], Mapping[str, str | int]], _logger: WrappedLogger, _method: str, event: EventDict
) -> EventDict:
    """The line with its secrets masked, its values fit for JSON, ids and the identity at its end."""
    first = {name: event.pop(name) for name in _FIRST_FIELDS if name in event}
    ids = {name: event.pop(name) for name in _ID_FIELDS if name in event}
    line = {name: _to_loggable(name, value, 0) for name, value in {**first, **event, **ids}.items()}
    return {**line, **identity()}


def _render(is_unicode: bool, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
    text = json.dumps(event, ensure_ascii=not is_unicode, default=repr)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_utf8(stream: TextIO) -> bool:
    try:
        # A stream without an encoding keeps text as it is.
        return codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name == "utf-8"
    except LookupError:
        return False


def _to_loggable(name: str, value: object, depth: int) -> object:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else repr(value)
        case _ if _SECRET_NAME.search(name):
            return _MASK
        case str():
            return _mask(value)
        case Mapping() if depth < _MAX_DEPTH:
            return {str(key): _to_loggable(str(key), inner, depth + 1) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset() if depth < _MAX_DEPTH:
            return [_to_loggable("", inner, depth + 1) for inner in value]
        case _:
            return _mask(repr(value))


def _mask(text: str) -> str:
    text = _SECRET_IN_TEXT.sub(rf"\g<1>{_MASK}", text)
    return _USER_IN_URL.sub(f"://{_MASK}@", text)
