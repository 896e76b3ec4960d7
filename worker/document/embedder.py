"""Embedder: the vectors of one document, from the store if its content was embedded before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.aws.bedrock_client import BedrockClient
from worker.document.artifacts import ArtifactStore
from worker.errors import BedrockError, Code, ThrottledError, UnavailableError, WorkerError
from worker.models.document import Extraction, Vectors
from worker.runtime.metrics import Metrics

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """How the vectors of one document are requested."""

    check: Callable[[], None]
    on_failure: Callable[[WorkerError], None]
    is_fresh: bool


class Embedder:
    """Image vectors of the picture that the child rendered; text vectors by page where a model is set."""

    def __init__(
        self,
        *,
        bedrock: BedrockClient,
        store: ArtifactStore,
        image_model: str,
        text_model: str,
        metrics: Metrics,
    ) -> None:
        self._bedrock = bedrock
        self._store = store
        self._image_model = image_model
        self._text_model = text_model
        self._metrics = metrics

    def embed(
        self,
        sha256: str,
        extraction: Extraction,
        *,
        check: Callable[[], None] = lambda: None,
        on_failure: Callable[[WorkerError], None] = lambda _: None,
        is_fresh: bool = False,
    ) -> Vectors:
        """All vectors that are enabled; `pending` when the service failed and may succeed later.

        What the service refuses for good has no vector: the image none, a page an empty one in its place.
        `check` is called before each of them, and may raise to end the work. `on_failure` is called with
        the error of the service. With `is_fresh` stored vectors are replaced, but where the service fails.
        """
        image: tuple[float, ...] = ()
        text: tuple[tuple[float, ...], ...] = ()
        pending = False
        request = _Request(check=check, on_failure=on_failure, is_fresh=is_fresh)
        try:
            if self._image_model and extraction.picture is not None:
                check()
                picture = extraction.picture
                image = self._vector(
                    sha256, self._image_model, lambda: self._bedrock.embed_image(picture), request
                )
            if self._text_model:
                text = self._text_vectors(extraction, request)
        except (ThrottledError, UnavailableError, BedrockError) as error:
            _log_failure(error)
            on_failure(error)
            pending = True
        return Vectors(
            image=image or None,
            image_model=self._image_model if image else None,
            text=text,
            text_model=self._text_model if any(text) else None,
            pending=pending,
        )

    def _text_vectors(self, extraction: Extraction, request: _Request) -> tuple[tuple[float, ...], ...]:
        vectors = []
        for page in extraction.pages:
            if page.text.strip():
                request.check()
                vectors.append(self._text_vector(page.text, request))
        return tuple(vectors)

    def _text_vector(self, text: str, request: _Request) -> tuple[float, ...]:
        return self._vector(
            text_hash(text), self._text_model, lambda: self._bedrock.embed_text(text), request
        )

    def _vector(
        self, sha256: str, model: str, make: Callable[[], tuple[float, ...]], request: _Request
    ) -> tuple[float, ...]:
        """The vector of a content, empty when the service refuses this content for good."""
        dimension = self._bedrock.get_embedding_dimension(model)
        stored = self._store.load_vector(sha256, model, dimension)
        if stored is not None and not request.is_fresh:
            self._metrics.embedding_calls.labels(model=model, result="stored").inc()
            return stored
        try:
            vector = self._request(model, make)
        except (ThrottledError, UnavailableError, BedrockError) as error:
            if stored is None:
                raise
            _log_failure(error)
            request.on_failure(error)
            return stored
        if not vector:
            return stored or ()
        self._store.save_vector(sha256, model, vector)
        return vector

    def _request(self, model: str, make: Callable[[], tuple[float, ...]]) -> tuple[float, ...]:
        """A new vector, empty when the service refuses this content for good."""
        result = "failed"
        try:
            vector = self._new_vector(model, make)
            result = "ok"
        except BedrockError as error:
            if error.retry_allowed:
                raise
            result = "refused"
            _log.warning("embedding_refused", model=model, code=error.code, reason=str(error))
            return ()
        finally:
            self._metrics.embedding_calls.labels(model=model, result=result).inc()
        return vector

    def _new_vector(self, model: str, make: Callable[[], tuple[float, ...]]) -> tuple[float, ...]:
        try:
            return make()
        except BedrockError as error:
            if error.retry_allowed:
                raise
            _log.info("embedding_probed", model=model, reason=str(error))
        # Bedrock refuses inputs and models by the same code. Only an input that is refused before and after
        # the model has accepted a probe is at fault itself, and loses its vector for good.
        self._bedrock.probe(model)
        return make()


def text_hash(text: str) -> str:
    """Under which the vector of a page's text is stored."""
    # A page's text is its own content: the same page in another file costs nothing.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _log_failure(error: WorkerError) -> None:
    # A pause may last for weeks, and its cause was logged when it began and with each trial.
    log = _log.debug if error.code is Code.CIRCUIT_OPEN else _log.warning
    log("embedding_failed", code=error.code, reason=str(error))
