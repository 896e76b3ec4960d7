"""BedrockClient: embeddings of images and texts from the Amazon Titan models.

Every call goes pause of the model -> circuit breaker of the service -> rate limiter -> InvokeModel;
RetryHandler repeats it when the service throttles or is unavailable. What a refusal means: `bedrock_errors`.
"""

from __future__ import annotations

import base64
import json
import math
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from worker.aws.answers.bedrock_errors import translate_refusal
from worker.errors import BedrockError, MisconfiguredError, ModelUnavailableError, ThrottledError
from worker.resilience.circuit_breaker import CircuitBreaker
from worker.resilience.rate_limiter import AdaptiveRateLimiter
from worker.resilience.retry_handler import RetryHandler

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

_MAX_RETRIES = 3
# The limit of the specification. The document process makes smaller pictures, so a larger one is an error.
_MAX_PICTURE_BYTES = 5 * 1024**2
# Limits of "Amazon Titan Text Embeddings" in the Bedrock user guide; beyond them the model answers 400.
_MAX_TEXT_CHARS = 50_000
_MAX_TEXT_TOKENS = 8_192
_CHARS_PER_TOKEN = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Model:
    dimension: int
    picture: bool = False
    options: Mapping[str, object] | None = None


_MODELS: Mapping[str, _Model] = {
    "amazon.titan-embed-image-v1": _Model(
        dimension=1024, picture=True, options={"embeddingConfig": {"outputEmbeddingLength": 1024}}
    ),
    "amazon.titan-embed-text-v1": _Model(dimension=1536),
    "amazon.titan-embed-text-v2:0": _Model(dimension=1024, options={"dimensions": 1024, "normalize": True}),
}

_refusal = partial(BedrockError, retry_allowed=False)
# A document need not wait for its vectors: beyond this they are pending, and OCR goes on.
_MAX_TURN_WAIT_S = 10.0
_FIRST_PAUSE_S = 20.0
_LONGEST_PAUSE_S = 900.0
_PROBE_PX = 64
_TOKENS_HEADER = "x-amzn-bedrock-input-token-count"
_TOKENS_FIELD = "inputTextTokenCount"
_REFUSES_ALL = (
    "The model refuses even a probe: check CIS_IMAGE_MODEL, CIS_TEXT_MODEL and CIS_BEDROCK_REGION (not every "
    "region has every model), and in Bedrock the access to the model and its quotas."
)


def model_pause(model: str, *, clock: Callable[[], float] = time.monotonic) -> CircuitBreaker:
    """The breaker of one model: open after one refusal of it, then one call at growing intervals."""
    return CircuitBreaker(
        failure_threshold=1,
        timeout=_FIRST_PAUSE_S,
        max_timeout=_LONGEST_PAUSE_S,
        expected_exception=ModelUnavailableError,
        name=model,
        clock=clock,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What one answer is charged for: the tokens of its input as the service counted them, and pictures."""

    model: str
    tokens: int
    pictures: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPolicy:
    """Rate limit, circuit breakers and retries of calls to the service, and who hears what they use.

    `breaker` must count UnavailableError only: throttling and rejected input do not mean that the service
    is unavailable. `retry` makes the handler for a number of retries, `pause` the breaker of a model.
    """

    limiter: AdaptiveRateLimiter
    breaker: CircuitBreaker
    retry: Callable[[int], RetryHandler]
    pause: Callable[[str], CircuitBreaker] = field(default=model_pause)
    on_usage: Callable[[Usage], object] = lambda _: None


class BedrockClient:
    """Embeds one picture or text per call; an empty model name disables that kind.

    Methods that call the service raise BedrockError (`retry_allowed` False: this input was refused),
    ThrottledError or UnavailableError (MODEL_UNAVAILABLE: the model refuses all input; CIRCUIT_OPEN during
    the pause after that, or in an outage) when the retries are exhausted.
    """

    def __init__(
        self,
        client: BedrockRuntimeClient,
        *,
        policy: CallPolicy,
        image_model: str = "amazon.titan-embed-image-v1",
        text_model: str = "",
    ) -> None:
        for name, picture in ((image_model, True), (text_model, False)):
            if name and _model(name).picture is not picture:
                raise MisconfiguredError(f"Model {name} does not embed {'pictures' if picture else 'text'}.")
        self._client = client
        self._policy = policy
        self._image_model = image_model
        self._text_model = text_model
        self._pauses = {name: policy.pause(name) for name in (image_model, text_model) if name}

    def get_embedding_dimension(self, model: str | None = None) -> int:
        """Length of the vectors of a model (default: the image model)."""
        return embedding_dimension(model or self._image_model)

    def embed_image(self, data: bytes) -> tuple[float, ...]:
        """The vector of an encoded picture (JPEG or PNG, up to 5 MB)."""
        return self._embed_image("picture", data, _MAX_RETRIES)

    def embed_text(self, text: str) -> tuple[float, ...]:
        """The vector of a text, truncated to the model's limit."""
        return self._embed_text(text, _MAX_RETRIES)

    def probe(self, model: str) -> int:
        """Embed an input that the model is known to accept; returns the dimension of its answer.

        Raises ModelUnavailableError, and pauses the model, when it refuses even that.
        """
        content = {"inputImage": _white_picture()} if _model(model).picture else {"inputText": "probe"}
        return len(self._embed(model, content, _MAX_RETRIES, is_probe=True))

    # Bound by the specification; the worker itself does not call this one.

    def get_embeddings(self, path: Path | str, max_retries: int = _MAX_RETRIES) -> list[float]:
        """The vector of a file: .txt (UTF-8) by the text model, anything else by the image model."""
        file = Path(path)
        try:
            if file.suffix.lower() == ".txt":
                return list(self._embed_text(file.read_text("utf-8", "replace"), max_retries))
            # Before it is read, so that a huge file is never loaded into memory.
            _check_size(file.name, file.stat().st_size)
            return list(self._embed_image(file.name, file.read_bytes(), max_retries))
        except OSError as error:
            raise _refusal(f"Could not read {file}: {error.strerror}.") from error

    def _embed_image(self, name: str, data: bytes, max_retries: int) -> tuple[float, ...]:
        if not self._image_model:
            raise _refusal(f"{name} cannot be embedded: no image model is set (CIS_IMAGE_MODEL).")
        _check_size(name, len(data))
        encoded = base64.b64encode(data).decode("ascii")
        return self._embed(self._image_model, {"inputImage": encoded}, max_retries)

    def _embed_text(self, text: str, max_retries: int) -> tuple[float, ...]:
        if not self._text_model:
            raise _refusal("Text cannot be embedded: no text model is set (CIS_TEXT_MODEL).")
        if not text.strip():
            raise _refusal("Text cannot be embedded: it is empty.")
        return self._embed(self._text_model, {"inputText": cut_text(text)}, max_retries)

    def _embed(
        self, name: str, content: Mapping[str, str], max_retries: int, *, is_probe: bool = False
    ) -> tuple[float, ...]:
        model = _model(name)
        body = json.dumps({**content, **(model.options or {})})

        def invoke() -> tuple[float, ...]:
            # Innermost: a retry is a call like any other, and a call that is not made takes no turn.
            self._policy.limiter.acquire(max_wait_s=_MAX_TURN_WAIT_S)
            try:
                vector = self._invoke(name, body, model.dimension)
            except ThrottledError:
                self._policy.limiter.on_throttle()
                raise
            except BedrockError as error:
                if is_probe and not error.retry_allowed:
                    raise ModelUnavailableError(str(error), advice=_REFUSES_ALL) from error
                raise
            self._policy.limiter.on_success()
            return vector

        def attempt() -> tuple[float, ...]:
            return self._pauses[name].call(lambda: self._policy.breaker.call(invoke))

        return self._policy.retry(max_retries).call(attempt)

    def _invoke(self, name: str, body: str, dimension: int) -> tuple[float, ...]:
        try:
            response = self._client.invoke_model(
                modelId=name, body=body, contentType="application/json", accept="application/json"
            )
            with closing(response["body"]) as stream:
                answer = stream.read()
        except (ClientError, BotoCoreError) as error:
            raise translate_refusal(error, model=name) from error
        # Before the answer is checked: one without a vector is charged, too.
        pictures = int(_model(name).picture)
        tokens = _input_tokens(response.get("ResponseMetadata", {}).get("HTTPHeaders", {}), answer)
        self._policy.on_usage(Usage(model=name, tokens=tokens, pictures=pictures))
        return _vector(name, answer, dimension)


def embedding_dimension(model: str) -> int:
    """Length of the vectors of a model. Raises MisconfiguredError for an unknown one."""
    return _model(model).dimension


def cut_text(text: str) -> str:
    """Truncate a text to what a Titan text model accepts in any case."""
    # There is no public tokenizer. The estimate is high on purpose: three ASCII letters or spaces per token,
    # one token for any other character (English averages 4.7 characters per token, Japanese about one).
    thirds = 0
    for end, char in enumerate(text[:_MAX_TEXT_CHARS]):
        thirds += 1 if char == " " or (char.isascii() and char.isalpha()) else _CHARS_PER_TOKEN
        if thirds > _MAX_TEXT_TOKENS * _CHARS_PER_TOKEN:
            return text[:end]
    return text[:_MAX_TEXT_CHARS]


def _check_size(name: str, size_bytes: int) -> None:
    if size_bytes > _MAX_PICTURE_BYTES:
        raise _refusal(
            f"{name}: {size_bytes / 1024**2:.1f} MB exceeds maximum size of 5 MB; make the picture smaller."
        )


def _model(name: str) -> _Model:
    if name not in _MODELS:
        raise MisconfiguredError(f"Unknown embedding model {name!r}; known are {', '.join(_MODELS)}.")
    return _MODELS[name]


def _input_tokens(headers: Mapping[str, str], answer: bytes) -> int:
    """The number of input tokens by the header of an answer, else by its body; 0 where neither says it."""
    try:
        return int(headers.get(_TOKENS_HEADER) or json.loads(answer)[_TOKENS_FIELD])
    except (ValueError, KeyError, TypeError):
        return 0


def _vector(name: str, answer: bytes, dimension: int) -> tuple[float, ...]:
    try:
        values: Any = json.loads(answer)
        vector = tuple(float(value) for value in values["embedding"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise BedrockError(f"{name} answered without an embedding: {answer[:200]!r}.") from error
    if len(vector) != dimension:
        raise BedrockError(f"{name} answered with {len(vector)} numbers instead of {dimension}.")
    # Python's json accepts NaN and Infinity, which no index can store.
    if not all(map(math.isfinite, vector)):
        raise BedrockError(f"{name} answered with numbers that are not finite.")
    return vector


@cache
def _white_picture() -> str:
    """A white PNG in base64."""
    # By hand, because Pillow must not be loaded into the worker's process (see the import contracts).
    header = struct.pack(">IIBBBBB", _PROBE_PX, _PROBE_PX, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\xff\xff\xff" * _PROBE_PX) * _PROBE_PX
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return base64.b64encode(png).decode("ascii")
