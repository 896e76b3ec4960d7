"""Versions of the tools that read pages, and which of them the settings select (see capabilities.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from worker.errors import Code, MisconfiguredError
from worker.extract.read_options import ReadOptions

_NOT_SELECTED = ("auto", "off")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """Versions of the installed tools ("" where one is missing), and Tesseract's models.

    `network` is the name and the hash of the neural network, which OpenVINO or onnxruntime runs.
    """

    tesseract: str
    languages: tuple[str, ...]
    tesserocr: str = ""
    openvino: str = ""
    onnxruntime: str = ""
    network: str = ""
    libre_office: str = ""

    @property
    def network_runtime(self) -> str:
        """The name of the library that runs the network, "" where one of the two is missing."""
        # OpenVINO takes half of the CPU for the same text.
        runtime = "openvino" if self.openvino else "onnxruntime" if self.onnxruntime else ""
        return runtime if self.network else ""


def require_languages(languages: Sequence[str], tools: Tools, *, asked_by: str = "CIS_LANGUAGES") -> None:
    """Raise MisconfiguredError where Tesseract has no model of one of the languages."""
    missing = [name for name in languages if name not in tools.languages]
    if missing:
        packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
        raise MisconfiguredError(
            f"{asked_by} asks for {', '.join(missing)}, which tesseract does not have here: "
            f"install {packages}, or set {asked_by} to some of {', '.join(tools.languages)}",
            code=Code.PROGRAM_MISSING,
        )


def resolve_options(options: ReadOptions, tools: Tools) -> ReadOptions:
    """The options with `auto` replaced by what is installed.

    Raises MisconfiguredError where something is required that is not installed.
    """
    # Decided before the first document and the same for all of them: it is part of the extraction key.
    ocr_engine, second_pass = options.ocr_engine, options.second_pass
    if ocr_engine == "auto":
        ocr_engine = "tesserocr" if tools.tesserocr else "tesseract"
    elif ocr_engine == "tesserocr" and not tools.tesserocr:
        raise MisconfiguredError(
            "CIS_OCR_ENGINE asks for tesserocr, which cannot be used here: install cis-worker[fast], "
            "or set CIS_OCR_ENGINE=auto.",
            code=Code.PROGRAM_MISSING,
        )
    if second_pass == "auto":
        second_pass = "on" if tools.network_runtime else "off"
    elif second_pass == "on" and not tools.network_runtime:
        raise MisconfiguredError(
            "CIS_OCR_SECOND_PASS asks for a second pass, for which the network is missing: install "
            "cis-worker[neural], or set CIS_OCR_SECOND_PASS=auto.",
            code=Code.PROGRAM_MISSING,
        )
    return replace(options, ocr_engine=ocr_engine, second_pass=second_pass)


def tool_versions(options: ReadOptions, tools: Tools) -> Mapping[str, str]:
    """Versions, by name, of the tools that files are read with, under options from `resolve_options`."""
    versions = {options.ocr_engine: getattr(tools, options.ocr_engine)}
    if options.second_pass not in _NOT_SELECTED:
        runtime = tools.network_runtime
        versions |= {runtime: getattr(tools, runtime), "network": tools.network}
    return versions | ({"libreoffice": tools.libre_office} if tools.libre_office else {})
