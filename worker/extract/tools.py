"""The programs and libraries that read pictures here, and which of them the settings choose.

The zygote looks around once and tells the worker; what is chosen decides the key of a stored result, so
it is settled before the first document and is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from worker.errors import Code, MisconfiguredError
from worker.extract.read_options import ReadOptions

_NOT_CHOSEN = ("auto", "off")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """Versions of what was found ("" for what is not there), and Tesseract's models.

    `network` says why the readers still have the network ("": they have none).
    """

    tesseract: str
    languages: tuple[str, ...]
    tesserocr: str = ""
    rapidocr: str = ""
    libre_office: str = ""
    network: str = ""


def resolve_options(options: ReadOptions, tools: Tools) -> ReadOptions:
    """The options with `auto` replaced by what is there.

    Raises MisconfiguredError where something is asked for that is not installed.
    """
    recogniser, second_look = options.recogniser, options.second_look
    if recogniser == "auto":
        recogniser = "tesserocr" if tools.tesserocr else "tesseract"
    elif recogniser == "tesserocr" and not tools.tesserocr:
        raise MisconfiguredError(
            "CIS_RECOGNISER asks for tesserocr, which cannot be used here: install cis-worker[fast], "
            "or set CIS_RECOGNISER=auto.",
            code=Code.PROGRAM_MISSING,
        )
    if second_look == "auto":
        second_look = "on" if tools.rapidocr else "off"
    elif second_look == "on" and not tools.rapidocr:
        raise MisconfiguredError(
            "CIS_SECOND_LOOK asks for a second look, for which RapidOCR is missing: install "
            "cis-worker[neural], or set CIS_SECOND_LOOK=auto.",
            code=Code.PROGRAM_MISSING,
        )
    return replace(options, recogniser=recogniser, second_look=second_look)


def versions_used(options: ReadOptions, tools: Tools) -> Mapping[str, str]:
    """By name, the versions of what reads files under options that are `chosen`."""
    versions = {options.recogniser: getattr(tools, options.recogniser)}
    if options.second_look not in _NOT_CHOSEN:
        versions["rapidocr"] = tools.rapidocr
    return versions | ({"libreoffice": tools.libre_office} if tools.libre_office else {})
