"""Why a request failed, in words for a person, from what the cluster, a proxy or the network left of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.client import responses
from typing import Any

_SHOWN_CHARS = 300
_TAG = re.compile(r"<(script|style|title)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_PLACE = re.compile(r"host='(?P<host>[^']*)', port=(?P<port>\d+)")
_SYSTEM_ERROR = re.compile(r"\[Errno -?\d+\] (?P<text>[^)\]]*)")
_CHECK_ADVICE = "Check OPENSEARCH_ENDPOINT, and that the cluster runs"


def cause_of(info: Any, raw: str) -> Mapping[str, Any]:
    """The error in a response body, of which `info` is the JSON; that of a proxy may have any form."""
    error = info.get("error") if isinstance(info, Mapping) else None
    if isinstance(error, Mapping):
        roots = error.get("root_cause") or [error]
        return roots[0] if isinstance(roots[0], Mapping) else error
    texts = (info.get("Message") or info.get("message")) if isinstance(info, Mapping) else None
    return {"reason": _plain(str(error or texts or raw))}


def answer_reason(status: int, cause: Mapping[str, Any]) -> str:
    """What an answer says: its kind of error and the deepest reason, else what its status means."""
    deeper = cause.get("caused_by") or {}
    found = ": ".join(str(each["reason"]) for each in (cause, deeper) if each.get("reason"))[:_SHOWN_CHARS]
    if kind := str(cause.get("type") or ""):
        return f"{kind}: {found.rstrip('.;') or 'no reason given'}"
    meaning = responses.get(status, "no known status")
    found = found.removeprefix(str(status)).strip(" .;")
    if not found or found.casefold() == meaning.casefold():
        return meaning
    return f"{meaning}: {found.removeprefix(meaning).strip(' :') or found}"


def outage_reason(text: str, *, is_late: bool) -> str:
    """Why there is no answer, by what the client says (`detail`) and whether it has waited in vain."""
    if is_late:
        return "OpenSearch does not answer in time; it may be overloaded, or still starting"
    place, system = _PLACE.search(text), _SYSTEM_ERROR.search(text)
    if place and system:
        where = f"{place['host']}:{place['port']}"
        return f"OpenSearch does not answer at {where} ({system['text'].strip()}). {_CHECK_ADVICE}"
    if "closed connection" in text or "IncompleteRead" in text or "Connection aborted" in text:
        return "OpenSearch does not answer: the connection was closed before all of the answer was there"
    return f"OpenSearch does not answer: {text}"


def detail(error: Exception) -> str:
    """What an error of the client says."""
    inner = getattr(error, "info", None)
    return str(inner or error)[:_SHOWN_CHARS].rstrip(".")


def _plain(text: str) -> str:
    """The text of a page in one line; what may be of any length is cut before tags are looked for."""
    return " ".join(_TAG.sub(" ", text[: 10 * _SHOWN_CHARS]).split())[:_SHOWN_CHARS]
