"""The tools that read pages: selected from the installed ones, and part of the extraction key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from worker.config import Settings
from worker.document.options_from_settings import limits
from worker.errors import Code, MisconfiguredError
from worker.extract.read_options import ReadOptions
from worker.extract.tools import Tools, resolve_options, tool_versions

pytestmark = pytest.mark.unit

_OPTIONS = ReadOptions(limits=limits(Settings()), languages=("jpn",), dpi=200)
_PLAIN = Tools(tesseract="5.3.0", languages=("jpn",))
_ALL = replace(_PLAIN, tesserocr="2.8", openvino="2026.4.1", network="small 12ab")
_NETWORK = {"openvino": "2026.4.1", "network": "small 12ab"}


@pytest.mark.parametrize(
    ("asked", "tools", "used"),
    [
        (("auto", "auto"), _PLAIN, {"tesseract": "5.3.0"}),
        (("auto", "auto"), _ALL, {"tesserocr": "2.8", **_NETWORK}),
        (("tesseract", "off"), _ALL, {"tesseract": "5.3.0"}),
        (("tesserocr", "off"), _ALL, {"tesserocr": "2.8"}),
        (("tesseract", "on"), _ALL, {"tesseract": "5.3.0", **_NETWORK}),
    ],
    ids=[
        "nothing else there",
        "all there",
        "program asked for",
        "library asked for",
        "second pass asked for",
    ],
)
def test_installed_tools_are_used_unless_the_settings_say_otherwise(
    asked: tuple[str, str], tools: Tools, used: dict[str, str]
) -> None:
    options = resolve_options(replace(_OPTIONS, ocr_engine=asked[0], second_pass=asked[1]), tools)

    assert tool_versions(options, tools) == used


@pytest.mark.parametrize(
    ("asked", "setting"),
    [({"ocr_engine": "tesserocr"}, r"cis-worker\[fast\]"), ({"second_pass": "on"}, r"cis-worker\[neural\]")],
    ids=["tesserocr", "second pass"],
)
def test_a_required_tool_that_is_missing_stops_the_worker(asked: dict[str, str], setting: str) -> None:
    options = ReadOptions(limits=_OPTIONS.limits, languages=("jpn",), dpi=200, **asked)  # type: ignore[arg-type]

    with pytest.raises(MisconfiguredError, match=setting) as caught:
        resolve_options(options, _PLAIN)

    assert caught.value.code is Code.PROGRAM_MISSING


@pytest.mark.parametrize(
    ("installed", "runtime"),
    [
        ({"openvino": "1", "onnxruntime": "2", "network": "small"}, "openvino"),
        ({"onnxruntime": "2", "network": "small"}, "onnxruntime"),
        ({"openvino": "1", "onnxruntime": "2"}, ""),
        ({"network": "small"}, ""),
    ],
    ids=["both", "one", "no model", "no library"],
)
def test_the_network_needs_a_model_and_a_library(installed: dict[str, str], runtime: str) -> None:
    tools = Tools(tesseract="5.3.0", languages=("jpn",), **installed)

    assert tools.network_runtime == runtime
    assert resolve_options(_OPTIONS, tools).second_pass == ("on" if runtime else "off")


def test_a_converter_that_is_missing_is_not_named() -> None:
    options = resolve_options(
        replace(_OPTIONS, ocr_engine="tesseract", second_pass="off"), Tools(tesseract="5", languages=())
    )
    assert tool_versions(options, Tools(tesseract="5", languages=())) == {"tesseract": "5"}
    there = Tools(tesseract="5", languages=(), libre_office="7.4")
    assert tool_versions(options, there) == {"tesseract": "5", "libreoffice": "7.4"}
