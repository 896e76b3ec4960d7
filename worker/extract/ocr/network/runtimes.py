"""The libraries that can run the network: OpenVINO, else onnxruntime, each imported once.

The fork server asks for the versions, which imports OpenVINO there: each document process begins with it
loaded. It may do that, since the import starts no thread; compiling does, and is left to the children.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import metadata, util
from types import ModuleType
from typing import Any

OPENVINO, ONNXRUNTIME = "openvino", "onnxruntime"
_CONVERTERS = "openvino.tools"


@cache
def openvino() -> Any:
    """The library, or None where it cannot be imported (a damaged wheel fails with any error)."""
    if util.find_spec(OPENVINO) is None:
        return None
    # Its converters are for other formats. They cost three times the rest, start a thread, and with them
    # comes a client that reports the use of the library to its makers.
    missing: ModuleType | None = None
    held = sys.modules.get(_CONVERTERS, missing)
    sys.modules[_CONVERTERS] = None  # type: ignore[assignment]  # what marks a module as not importable
    try:
        import openvino as library  # noqa: PLC0415  (an extra)
    except Exception:  # noqa: BLE001
        return None
    finally:
        if held is None:
            del sys.modules[_CONVERTERS]
        else:
            sys.modules[_CONVERTERS] = held
    return library


@cache
def runtime_versions() -> tuple[str, str]:
    """The version of OpenVINO and that of onnxruntime, "" where one is missing; the first is used."""
    openvino_version = "" if openvino() is None else metadata.version(OPENVINO)
    onnx_version = "" if util.find_spec(ONNXRUNTIME) is None else metadata.version(ONNXRUNTIME)
    return openvino_version, onnx_version
