"""`python -m worker.sandbox.probe_process`: print which reading programs and libraries work here, as JSON.

It imports the readers, and with them every parser, so that the process that asks need not.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from worker.errors import WorkerError
from worker.extract.capabilities import probe
from worker.extract.office.libreoffice import libre_office_version
from worker.extract.tools import Tools


def probe_report() -> dict[str, object]:
    """The fields of Tools, and `problem`: why Tesseract cannot be used ("" where it can)."""
    try:
        return {"tools": asdict(probe()), "problem": ""}
    except WorkerError as error:
        # The doctor reports LibreOffice also where Tesseract is missing.
        tools = Tools(tesseract="", languages=(), libre_office=libre_office_version())
        return {"tools": asdict(tools), "problem": str(error)}


def main() -> None:
    """Print the report as the last line of standard output; a library may have printed before it."""
    sys.stdout.write(f"\n{json.dumps(probe_report())}\n")


if __name__ == "__main__":
    main()
