"""The libraries that can run the network, OpenVINO, else onnxruntime, and OpenCV, each imported once.

The fork server asks for the versions, which imports OpenVINO there: each document process begins with it
loaded. It may do that, since the import starts no thread; compiling does, and is left to the children.
"""

from __future__ import annotations

import mmap
import sys
from functools import cache
from importlib import metadata, util
from types import ModuleType
from typing import Any

OPENVINO, ONNXRUNTIME = "openvino", "onnxruntime"
_CONVERTERS = "openvino.tools"


@cache
def openvino() -> Any:
    """The library, or None where it cannot be imported (a damaged wheel fails with any error) or used."""
    if util.find_spec(OPENVINO) is None or not may_execute_new_code():
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


def may_execute_new_code() -> bool:
    """Whether this process may write code and run it, which OpenVINO does; a service manager may deny it."""
    try:
        mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    except OSError:
        return False
    return True


@cache
def opencv() -> Any:
    """The library that finds the parts of what the network marked, or None where it cannot be imported."""
    try:
        import cv2 as library  # noqa: PLC0415  (an extra)
    except Exception:  # noqa: BLE001
        return None
    return library


@cache
def runtime_versions() -> tuple[str, str]:
    """The version of OpenVINO and that of onnxruntime, "" where one is missing; the first is used.

    Without OpenCV neither is of use.
    """
    if opencv() is None:
        return "", ""
    openvino_version = "" if openvino() is None else metadata.version(OPENVINO)
    onnx_version = "" if util.find_spec(ONNXRUNTIME) is None else metadata.version(ONNXRUNTIME)
    return openvino_version, onnx_version
