"""The Titan embedding models: request body in, response body out, with the real formats and limits.

Source: Amazon Bedrock user guide, "Amazon Titan Text Embeddings" and "Amazon Titan Multimodal Embeddings G1".
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
from collections.abc import Callable
from typing import Literal, TypeVar

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.embedded.content_vectors import image_vector, text_vector, unit

_MAX_TEXT_CHARS = 50_000
_MAX_TEXT_TOKENS = 8_192
_MAX_CAPTION_TOKENS = 256
_MAX_IMAGE_BYTES = 5 * 1024**2
_MAX_PIXELS = 64_000_000
_WORK_PX = 512
_TEXT_V1_DIMENSION = 1_536
_UNNORMALISED_LENGTH = 8.0
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")


class UnknownModelError(Exception):
    """This server has no such model."""


class InvalidRequestError(Exception):
    """The real service would answer ValidationException; the message is the reason."""


def invoke(model: str, body: bytes) -> dict[str, object]:
    """Answer one InvokeModel request; returns the response body before JSON encoding.

    Raises UnknownModelError, and InvalidRequestError for a body that the real model would refuse.
    """
    answer = _MODELS.get(model)
    if answer is None:
        raise UnknownModelError("Could not resolve the foundation model from the provided model identifier.")
    return answer(body)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _TextV1(_Body):
    text: str = Field(alias="inputText", min_length=1, max_length=_MAX_TEXT_CHARS)


class _TextV2(_TextV1):
    dimensions: Literal[256, 512, 1024] = 1024
    normalize: bool = True


class _ImageConfig(_Body):
    dimension: Literal[256, 384, 1024] = Field(default=1024, alias="outputEmbeddingLength")


class _ImageV1(_Body):
    image: str | None = Field(default=None, alias="inputImage")
    text: str | None = Field(default=None, alias="inputText", min_length=1)
    config: _ImageConfig = Field(default_factory=_ImageConfig, alias="embeddingConfig")


def _text_v1(body: bytes) -> dict[str, object]:
    request = _parse(_TextV1, body)
    tokens = _tokens(request.text, _MAX_TEXT_TOKENS)
    vector = text_vector(request.text, _TEXT_V1_DIMENSION)
    return {"embedding": vector.tolist(), "inputTextTokenCount": tokens}


def _text_v2(body: bytes) -> dict[str, object]:
    request = _parse(_TextV2, body)
    tokens = _tokens(request.text, _MAX_TEXT_TOKENS)
    vector = text_vector(request.text, request.dimensions)
    if not request.normalize:
        vector = vector * _UNNORMALISED_LENGTH
    numbers = vector.tolist()
    return {
        "embedding": numbers,
        "embeddingsByType": {"float": numbers},
        "inputTextTokenCount": tokens,
    }


def _image_v1(body: bytes) -> dict[str, object]:
    request = _parse(_ImageV1, body)
    dimension = request.config.dimension
    vectors = []
    tokens = 0
    if request.image is not None:
        vectors.append(image_vector(_decode(request.image), dimension))
    if request.text is not None:
        tokens = _tokens(request.text, _MAX_CAPTION_TOKENS)
        vectors.append(text_vector(request.text, dimension))
    if not vectors:
        raise InvalidRequestError("Either inputText or inputImage, or both, must be given.")
    vector = unit(sum(vectors[1:], start=vectors[0]))
    return {"embedding": vector.tolist(), "inputTextTokenCount": tokens, "message": None}


_MODELS: dict[str, Callable[[bytes], dict[str, object]]] = {
    "amazon.titan-embed-text-v1": _text_v1,
    "amazon.titan-embed-text-v2:0": _text_v2,
    "amazon.titan-embed-image-v1": _image_v1,
}

_Parsed = TypeVar("_Parsed", bound=_Body)


def _parse(kind: type[_Parsed], body: bytes) -> _Parsed:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in ("#", *first["loc"]))
        raise InvalidRequestError(
            f"Malformed input request: {where}: {first['msg']}, please reformat your input and try again."
        ) from error


def _tokens(text: str, limit: int) -> int:
    # An estimate, as there is no public tokenizer: one token per CJK character, one per five others.
    japanese = len(_CJK.findall(text))
    tokens = max(1, japanese + (len(text) - japanese) // 5)
    if tokens > limit:
        raise InvalidRequestError(
            f"400 Bad Request: Too many input tokens. Max input tokens: {limit}, "
            f"request input token count: {tokens}"
        )
    return tokens


def _decode(encoded: str) -> Image.Image:
    """The image as RGB or RGBA; a JPEG is decoded at reduced size."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError("Malformed input request: inputImage is not base64.") from error
    if len(content) > _MAX_IMAGE_BYTES:
        raise InvalidRequestError(f"The image of {len(content)} bytes exceeds {_MAX_IMAGE_BYTES} bytes.")
    try:
        picture = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
        if picture.width * picture.height > _MAX_PIXELS:
            raise InvalidRequestError(f"The image of {picture.width} x {picture.height} px is too large.")
        # The vector needs a thumbnail only, and a JPEG can be decoded at a half, a quarter or an eighth.
        picture.draft("RGB", (_WORK_PX, _WORK_PX))
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    except UnidentifiedImageError as error:
        raise InvalidRequestError("The image is neither JPEG nor PNG.") from error
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, struct.error) as error:
        raise InvalidRequestError(f"The image cannot be decoded: {error}") from error
