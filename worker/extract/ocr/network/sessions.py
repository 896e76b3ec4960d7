"""The network in memory, ready to run: made once a process, and used by several threads at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from worker.extract.ocr.network.models import ModelFiles, classes_of, model_files
from worker.extract.ocr.network.runtimes import openvino

Pixels = NDArray[np.float32]
"""Batch, channel, row, column; 0 is the middle grey, -1 black, 1 white."""

_NICE = 10
_MOST_STREAMS = 8
_CHARACTERS = "character"
_SMALLEST = np.float32(1e-12)

_loading = threading.Lock()


class Session(Protocol):
    """One network and the library that runs it."""

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """What the network makes of a batch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """The network for lines: `session` gives a logit for each class of `alphabet`, class 0 being blank."""

    session: Session
    alphabet: Sequence[str]
    label: str


def recognition(languages: Sequence[str]) -> Recognition:
    """The network for lines in these languages; compiled by the first call, which costs 0.3 CPU seconds."""
    with _loading:  # pages are read by several threads
        return _recognition(tuple(languages))


def detection() -> Session:
    """The network for where there is text; compiled by the first call."""
    with _loading:
        return _detection()


@cache
def _recognition(languages: tuple[str, ...]) -> Recognition:
    files = _files()
    if openvino() is None:
        return _onnx_recognition(files, languages)
    model = read_model(str(files.recognition))
    characters = model.get_rt_info(["framework", _CHARACTERS]).value.split("\n")
    classes, alphabet = _classes(characters, languages)
    session = OpenVinoSession(_without_softmax(model, classes))
    return Recognition(session=session, alphabet=alphabet, label=f"openvino {session.precision}")


@cache
def _detection() -> Session:
    path = str(_files().detection)
    return OnnxSession(path) if openvino() is None else OpenVinoSession(read_model(path))


@cache
def read_model(path: str) -> Any:
    """A model as OpenVINO reads it. Starts no thread: the fork server does it for all its children."""
    return openvino().Core().read_model(path)


def _files() -> ModelFiles:
    files = model_files()
    if files is None:
        raise FileNotFoundError("the files of the network are missing")
    return files


def _classes(characters: Sequence[str], languages: Sequence[str]) -> tuple[list[int], list[str]]:
    """The classes to keep, and what they stand for: blank, the allowed characters, and the space."""
    allowed = classes_of(characters, languages)
    return (
        [0, *(1 + position for position in allowed), 1 + len(characters)],
        ["", *(characters[position] for position in allowed), " "],
    )


def _without_softmax(model: Any, classes: Sequence[int]) -> Any:
    """The model with its last layer reduced to some classes, and logits for output.

    A third of the time goes into the last layer and a softmax over its 18,710 classes at every step of a
    line. Most steps are blank, where only the largest class is wanted.
    """
    from openvino import opset13 as operations  # noqa: PLC0415

    node = model.get_results()[0]
    while node.get_type_name() != "Add":
        node = node.input_value(0).get_node()
    product = node.input_value(0).get_node()
    weights, bias = (one.input_value(1).get_node().data for one in (product, node))
    kept = np.asarray(classes)
    features = product.input_value(0)
    part = operations.matmul(features, operations.constant(weights[:, kept].copy()), False, False)
    logits = operations.add(part, operations.constant(bias[kept].copy()))
    return openvino().Model([logits.output(0)], model.get_parameters(), "lines")


class OpenVinoSession:
    """A model compiled by OpenVINO, one thread a batch."""

    def __init__(self, model: Any) -> None:
        # Its threads begin as nice as the thread that makes them.
        if os.getpriority(os.PRIO_PROCESS, 0) < _NICE:
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        # A stream runs one batch at a time, on a thread of its own, and further ones wait for it. What
        # does not depend on their number: which operations a batch goes through, and so the text.
        streams = min(_MOST_STREAMS, len(os.sched_getaffinity(0)))
        settings = {"INFERENCE_NUM_THREADS": streams, "NUM_STREAMS": streams, "ENABLE_CPU_PINNING": False}
        self._compiled = openvino().Core().compile_model(model, "CPU", settings)
        self._idle: list[Any] = []

    @property
    def precision(self) -> str:
        """What this machine calculates in: bf16 where its processor can, else f32."""
        return str(self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """As `Session.run`."""
        try:
            request = self._idle.pop()  # atomic, as is append
        except IndexError:
            request = self._compiled.create_infer_request()
        result = np.array(request.infer({0: pixels}, share_inputs=True, share_outputs=True)[0])
        self._idle.append(request)
        return result


class OnnxSession:
    """A model run by onnxruntime, on the calling thread."""

    def __init__(self, path: str) -> None:
        import onnxruntime  # noqa: PLC0415  (an extra)

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """As `Session.run`."""
        return np.asarray(self._session.run(None, {self._input: pixels})[0], dtype=np.float32)


class _SomeClasses:
    """Logits for some classes of a model that ends in a softmax."""

    def __init__(self, session: Session, classes: Sequence[int]) -> None:
        self._session = session
        self._classes = np.asarray(classes)

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """As `Session.run`."""
        shares = self._session.run(pixels)[..., self._classes]
        return np.asarray(np.log(np.maximum(shares, _SMALLEST)), dtype=np.float32)


def _onnx_recognition(files: ModelFiles, languages: Sequence[str]) -> Recognition:
    session = OnnxSession(str(files.recognition))
    classes, alphabet = _classes(session.metadata[_CHARACTERS].split("\n"), languages)
    return Recognition(session=_SomeClasses(session, classes), alphabet=alphabet, label="onnxruntime f32")
