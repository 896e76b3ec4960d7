"""The bodies of the Titan models and the limits of the real ones."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from worker.embedded.titan_models import InvalidRequestError, UnknownModelError, invoke

pytestmark = pytest.mark.unit

TEXT_V1 = "amazon.titan-embed-text-v1"
TEXT_V2 = "amazon.titan-embed-text-v2:0"
IMAGE_V1 = "amazon.titan-embed-image-v1"


def _call(model: str, **body: object) -> dict[str, object]:
    return invoke(model, json.dumps(body).encode())


def _vector(result: dict[str, object]) -> list[float]:
    vector = result["embedding"]
    assert isinstance(vector, list)
    return vector


def _encoded(picture: Image.Image, kind: str = "PNG") -> str:
    file = io.BytesIO()
    picture.save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


PICTURE = _encoded(Image.linear_gradient("L").convert("RGB"))


def test_text_v1_answers_1536_numbers_and_a_token_count() -> None:
    result = _call(TEXT_V1, inputText="The quick brown fox")
    assert set(result) == {"embedding", "inputTextTokenCount"}
    assert len(_vector(result)) == 1536
    assert result["inputTextTokenCount"] == 3


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
def test_text_v2_answers_the_dimensions_asked_for(dimensions: int) -> None:
    result = _call(TEXT_V2, inputText="契約書", dimensions=dimensions)
    assert result["embeddingsByType"] == {"float": result["embedding"]}
    assert len(_vector(result)) == dimensions
    assert result["inputTextTokenCount"] == 3


def test_text_v2_is_1024_and_normalised_by_default() -> None:
    vector = _vector(_call(TEXT_V2, inputText="契約書"))
    assert len(vector) == 1024
    assert np.linalg.norm(vector) == pytest.approx(1.0)


def test_text_v2_without_normalisation_keeps_the_direction() -> None:
    vector = np.array(_vector(_call(TEXT_V2, inputText="契約書", normalize=False)))
    assert np.linalg.norm(vector) > 1.5
    assert np.allclose(vector / np.linalg.norm(vector), _vector(_call(TEXT_V2, inputText="契約書")))


def test_image_v1_answers_1024_numbers_by_default() -> None:
    result = _call(IMAGE_V1, inputImage=PICTURE)
    assert set(result) == {"embedding", "inputTextTokenCount", "message"}
    assert len(_vector(result)) == 1024
    assert result["inputTextTokenCount"] == 0
    assert result["message"] is None


@pytest.mark.parametrize("length", [256, 384, 1024])
def test_image_v1_answers_the_length_asked_for(length: int) -> None:
    config = {"outputEmbeddingLength": length}
    assert len(_vector(_call(IMAGE_V1, inputImage=PICTURE, embeddingConfig=config))) == length


def test_a_caption_moves_the_image_vector_towards_the_text() -> None:
    both = _vector(_call(IMAGE_V1, inputImage=PICTURE, inputText="a grey ramp"))
    text = _vector(_call(IMAGE_V1, inputText="a grey ramp"))
    image = _vector(_call(IMAGE_V1, inputImage=PICTURE))
    assert np.linalg.norm(both) == pytest.approx(1.0)
    assert np.dot(both, text) > np.dot(image, text) + 0.3
    assert np.dot(both, image) > 0.3


def test_jpeg_and_png_of_one_picture_are_similar() -> None:
    picture = Image.radial_gradient("L").convert("RGB")
    png, jpeg = (_vector(_call(IMAGE_V1, inputImage=_encoded(picture, kind))) for kind in ("PNG", "JPEG"))
    assert np.dot(png, jpeg) > 0.99


@pytest.mark.parametrize("mode", ["1", "P", "LA", "I;16"])
def test_unusual_png_modes_are_read(mode: str) -> None:
    assert len(_vector(_call(IMAGE_V1, inputImage=_encoded(Image.new(mode, (30, 20)))))) == 1024


@pytest.mark.parametrize(
    ("model", "body", "message"),
    [
        (TEXT_V1, {"inputText": ""}, "#/inputText: .*at least 1 character"),
        (TEXT_V1, {}, "#/inputText: Field required"),
        (TEXT_V1, {"inputText": "x" * 50_001}, "at most 50000 characters"),
        (TEXT_V1, {"inputText": "x", "normalize": True}, "#/normalize: Extra inputs"),
        (TEXT_V2, {"inputText": "漢" * 8_193}, "Max input tokens: 8192, request input token count: 8193"),
        (TEXT_V2, {"inputText": "x", "dimensions": 300}, "#/dimensions"),
        (IMAGE_V1, {}, "Either inputText or inputImage"),
        (IMAGE_V1, {"inputText": "漢" * 257}, "Max input tokens: 256"),
        (
            IMAGE_V1,
            {"inputImage": PICTURE, "embeddingConfig": {"outputEmbeddingLength": 512}},
            "256, 384 or 1024",
        ),
        (IMAGE_V1, {"inputImage": "no base64!"}, "not base64"),
        (IMAGE_V1, {"inputImage": base64.b64encode(b"GIF89a").decode()}, "neither JPEG nor PNG"),
        (IMAGE_V1, {"inputImage": _encoded(Image.new("L", (9, 9)), "GIF")}, "neither JPEG nor PNG"),
        (IMAGE_V1, {"inputImage": base64.b64encode(b"\xff" * (5 * 1024**2 + 1)).decode()}, "exceeds 5242880"),
        (IMAGE_V1, {"inputImage": _encoded(Image.new("1", (9_000, 8_000)))}, "9000 x 8000 px is too large"),
    ],
)
def test_what_the_real_model_refuses_is_refused(model: str, body: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        _call(model, **body)


def test_a_truncated_picture_is_refused() -> None:
    whole = base64.b64decode(_encoded(Image.effect_noise((200, 200), 90)))
    with pytest.raises(InvalidRequestError, match="cannot be decoded"):
        _call(IMAGE_V1, inputImage=base64.b64encode(whole[: len(whole) // 2]).decode())


def test_a_body_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="Malformed input request"):
        invoke(TEXT_V1, b"{")


def test_an_unknown_model_is_named_as_such() -> None:
    with pytest.raises(UnknownModelError):
        _call("amazon.titan-embed-text-v9", inputText="x")
