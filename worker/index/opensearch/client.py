"""The connection to OpenSearch, and the translation of its errors.

The error of a whole request and that of one bulk item are translated by the same table.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection
from opensearchpy.exceptions import (
    ConnectionError as NoConnectionError,
)
from opensearchpy.exceptions import (
    ConnectionTimeout,
    OpenSearchException,
    RequestError,
    SerializationError,
    SSLError,
    TransportError,
)

from worker.config import Settings, require
from worker.errors import (
    Code,
    LeaseLostError,
    MisconfiguredError,
    RejectedError,
    ServiceRefusedError,
    ThrottledError,
    UnavailableError,
    WorkerError,
)
from worker.index.opensearch.reasons import answer_reason, cause_of, detail, outage_reason
from worker.runtime import tally
from worker.runtime.trace import opensearch_headers

__all__ = [
    "FieldMissingError",
    "IndexBlockedError",
    "IndexMissingError",
    "OpenSearch",
    "RequestError",
    "RequestTooLargeError",
    "SignedBy",
    "connect",
    "connect_from_settings",
    "item_error",
    "read_answer",
    "translate_errors",
]

_TIMEOUT_S = 15.0
_OPERATIONS = frozenset({"bulk", "search", "mget", "doc", "refresh", "alias", "mapping", "cluster", "cat"})
_CONNECTIONS = 20
_MISSING = "index_not_found_exception"
_CONFLICT = "version_conflict_engine_exception"
_UNKNOWN_FIELD = "strict_dynamic_mapping_exception"
_BLOCKED = "cluster_block_exception"
_TOO_MANY = frozenset({"too_many_nested_clauses", "too_many_clauses"})
"""More than indices.query.bool.max_clause_count: answered by 500, and no outage."""
_NO_ALIAS = "invalid_alias_name_exception"
_DIMENSION_MISMATCH = "dimension mismatch"
"""The index was created for the vectors of another model: not a fault of the document."""
# OpenSearch reports the current version in this message only.
_CURRENT_VERSION = re.compile(r"current version \[(\d+)\]")

_RIGHTS_ADVICE = "Check CIS_OPENSEARCH_AUTH and its credentials, and the rights of this user or role."
_INIT_ADVICE = "`cis-worker init` creates what is missing."
_BLOCKED_ADVICE = "Free disk space on its nodes or add some; `cis-worker doctor` shows the block."
_REDIRECT = "Set OPENSEARCH_ENDPOINT to the cluster itself, not to a proxy's or sign-in page."
_NOT_OPENSEARCH = f"what answers is not as OpenSearch answers. {_REDIRECT}"
_TOO_LARGE = "The cluster, or a proxy before it, takes no request of this size."
_REINDEX_ADVICE = (
    "The index was created by another version of this worker or by hand: `cis-worker reindex` "
    "makes a new one; or set CIS_INDEX_PREFIX to an unused prefix and run `cis-worker init`."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedBy:
    """AWS credentials (botocore's refreshable ones), and the region and service of the signature."""

    credentials: Any
    region: str
    service: str = "es"


def connect(
    endpoint: str,
    *,
    auth: SignedBy | tuple[str, str] | None = None,
    ca: Path | None = None,
    timeout_s: float = _TIMEOUT_S,
    on_request: Callable[[str], object] = lambda _: None,
) -> OpenSearch:
    """A client of the cluster at a URL; sends no request yet.

    `ca` has the certificate authorities that are trusted instead of the public ones; `on_request` hears the
    operation of each request before it is sent. Raises MisconfiguredError for a bad URL or `ca`.
    """
    if not re.match(r"https?://[^/]", endpoint):
        raise MisconfiguredError(
            f"OPENSEARCH_ENDPOINT is {endpoint!r}; set it to a URL such as https://search.example:9200."
        )
    if ca is not None:
        _check_ca(ca)
    http_auth: Any = auth
    if isinstance(auth, SignedBy):
        http_auth = Urllib3AWSV4SignerAuth(auth.credentials, auth.region, auth.service)
    return OpenSearch(
        hosts=[endpoint],
        http_auth=http_auth,
        connection_class=_TracedConnection,
        on_request=on_request,
        ca_certs=str(ca) if ca else None,
        timeout=timeout_s,
        # No retries here: IndexManager's RetryHandler owns them.
        max_retries=0,
        retry_on_timeout=False,
        retry_on_status=(),
        pool_maxsize=_CONNECTIONS,
    )


def connect_from_settings(
    settings: Settings,
    signing: Callable[[], tuple[Any, str]],
    *,
    timeout_s: float = _TIMEOUT_S,
    on_request: Callable[[str], object] = lambda _: None,
) -> OpenSearch:
    """A client of the cluster in the settings; `signing` returns AWS credentials and region for sigv4.

    Raises MisconfiguredError when a setting is missing or wrong.
    """
    require(settings, "opensearch_endpoint")
    auth: SignedBy | tuple[str, str] | None = None
    match settings.opensearch_auth:
        case "basic":
            require(settings, "opensearch_user", "opensearch_password")
            auth = settings.opensearch_user, settings.opensearch_password.get_secret_value()
        case "sigv4":
            credentials, region = signing()
            auth = SignedBy(credentials=credentials, region=region, service=settings.opensearch_service)
    return connect(
        settings.opensearch_endpoint,
        auth=auth,
        ca=settings.opensearch_ca,
        timeout_s=timeout_s,
        on_request=on_request,
    )


def _check_ca(path: Path) -> None:
    """Raise MisconfiguredError where a file has no certificates: the first request would not name it."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # an SSLError is one, too
        raise MisconfiguredError(
            f"CIS_OPENSEARCH_CA is {path}, which cannot be read as certificates ({error}); set it to the PEM "
            "file of the certificate authority that signed the cluster's certificate."
        ) from error


class _TracedConnection(Urllib3HttpConnection):
    """Names the document that a request is made for, and counts it.

    opensearch-py sets `X-Opaque-Id` for a client as a whole only; here it is that of the thread's work.

    These headers are not part of an AWS signature, which covers host, date and body.
    """

    def __init__(self, *, on_request: Callable[[str], object], **options: Any) -> None:
        super().__init__(**options)
        self._on_request = on_request

    def perform_request(self, method: str, url: str, *request: Any, **options: Any) -> Any:
        """Send one request, and return status, headers and body of its answer."""
        operation = _operation(url)
        tally.count_call("opensearch", operation)
        self._on_request(operation)
        named = {**(options.pop("headers", None) or {}), **opensearch_headers()}
        return super().perform_request(  # type: ignore[misc]
            method, url, *request, headers=named, **options
        )


def _operation(url: str) -> str:
    """What a request is for, from a closed list: names of indices and ids of files are in its path, too."""
    names = [part[1:] for part in url.partition("?")[0].split("/") if part[:1] == "_"]
    return next((name for name in names if name in _OPERATIONS), "other")


class IndexMissingError(ServiceRefusedError):
    """The index does not exist (yet)."""


class IndexBlockedError(UnavailableError):
    """The cluster takes no writes into the index: its disks are full, or somebody made it read-only."""


class RequestTooLargeError(RejectedError):
    """The request is larger than the cluster, or a proxy before it, accepts."""


class FieldMissingError(IndexMissingError):
    """The index lacks a field of the document."""


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Translate opensearch-py's errors raised inside; `what` completes "Could not ..."."""
    try:
        yield
    except SSLError as error:
        raise ServiceRefusedError(
            f"Could not {what}: no trusted TLS connection: {detail(error)}. Use the https:// address the "
            "certificate is issued for, and set CIS_OPENSEARCH_CA to the file of its certificate authority."
        ) from error
    except NoConnectionError as error:
        reason = outage_reason(detail(error), is_late=isinstance(error, ConnectionTimeout))
        raise UnavailableError(f"Could not {what}: {reason}.") from error
    except TransportError as error:
        cause = cause_of(error.info, str(error.error))
        raise _error_for_status(what, int(error.status_code), cause) from error
    except SerializationError as error:
        raise UnavailableError(f"Could not {what}: {_NOT_OPENSEARCH}") from error
    except OpenSearchException as error:
        raise UnavailableError(f"Could not {what}: {detail(error)}.") from error


@contextmanager
def read_answer(what: str) -> Iterator[None]:
    """Translate the error of reading an answer of another form inside; `what` completes "Could not ..."."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnavailableError(f"Could not {what}: {_NOT_OPENSEARCH}") from error


def item_error(what: str, item: Mapping[str, Any], *, version: int) -> WorkerError | None:
    """The error of one item of a bulk response, None where it was written."""
    status = int(item.get("status", 200))
    if status < 300:
        return None
    cause = item.get("error") or {}
    if cause.get("type") == _CONFLICT:
        current = _CURRENT_VERSION.search(str(cause.get("reason", "")))
        return LeaseLostError(
            f"The index holds version {current[1] if current else 'unknown'} of file {item.get('_id')}: "
            f"version {version} is stale, another attempt owns the file",
            refused_by="index",
        )
    return _error_for_status(what, status, cause)


def _error_for_status(what: str, status: int, cause: Mapping[str, Any]) -> WorkerError:
    kind = str(cause.get("type") or "")
    message = f"Could not {what}: {status} {answer_reason(status, cause)}."
    if kind in _TOO_MANY:
        status, message = 400, f"{message} Ask with fewer or shorter words."
    match status:
        case 404 if kind == _MISSING:
            return IndexMissingError(f"{message} {_INIT_ADVICE}")
        case 400 if kind == _UNKNOWN_FIELD:
            return FieldMissingError(f"{message} {_REINDEX_ADVICE}")
        # The cluster's state (a full disk, a read-only index) causes a block: no missing rights and, at 429,
        # no load that an earlier try would meet a moment later.
        case 403 | 429 if kind == _BLOCKED:
            return IndexBlockedError(f"{message} {_BLOCKED_ADVICE}")
        case 429:
            return ThrottledError(message)
        case 401 | 403:
            return ServiceRefusedError(f"{message} {_RIGHTS_ADVICE}")
        case 400 | 413 if kind != _NO_ALIAS and _DIMENSION_MISMATCH not in message:
            refusal = RequestTooLargeError if status == 413 else RejectedError
            return refusal(f"{message} {_TOO_LARGE}" if status == 413 else message, code=Code.INDEX_REJECTED)
        # Any other 4xx is about the index or the request, so every document would fail alike.
        case _ if status < 500:
            # A redirect leads to a page, where somebody may sign in.
            return ServiceRefusedError(f"{message} {_REDIRECT if status < 400 else _REINDEX_ADVICE}")
    return UnavailableError(message)
