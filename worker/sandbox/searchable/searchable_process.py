"""`python -m worker.sandbox.searchable.searchable_process`: make one searchable PDF, confined.

The request is read from standard input, before there is a wall; the answer is printed as the last line.
"""

from __future__ import annotations

import os
import sys
import tempfile

from worker.errors import Code, RejectedError
from worker.extract.searchable.searchable_pdf import write_searchable
from worker.sandbox.confinement import Confinement, explain, limit_resources
from worker.sandbox.namespaces import leave_network
from worker.sandbox.searchable.messages import TARGET_NAME, SearchableAnswer, SearchableRequest


def answer_to(request: SearchableRequest) -> SearchableAnswer:
    """Make the PDF; why there is none, where the file does not let it be made."""
    try:
        written = write_searchable(
            request.path,
            request.file_type,
            request.pages,
            request.folder / TARGET_NAME,
            passwords=request.passwords,
            max_pixels=request.limits.max_pixels,
        )
    except RejectedError as error:
        return SearchableAnswer(code=error.code, message=str(error))
    except MemoryError:
        return SearchableAnswer(code=Code.MEMORY, message="it needs more memory than one document may take")
    except OSError as error:
        return SearchableAnswer(code=Code.UNAVAILABLE, message=f"it cannot be written ({error.strerror})")
    except Exception as error:  # noqa: BLE001  (a parser may raise anything)
        return SearchableAnswer(code=Code.CRASHED, message=f"it failed with {type(error).__name__}")
    return SearchableAnswer(pages=written.pages, with_text=written.with_text, lost=written.lost)


def confine(request: SearchableRequest) -> None:
    """Give up, for good, everything but the folder of the request."""
    confinement = Confinement(namespace=explain(leave_network()))
    limit_resources(request.limits)
    confinement.enter(write=[request.folder], read=(), slots=1)
    os.chdir(request.folder)
    tempfile.tempdir = str(request.folder)


def main() -> None:
    """Answer the request on standard input."""
    request = SearchableRequest.from_json(sys.stdin.read())
    confine(request)
    sys.stdout.write(f"\n{answer_to(request).to_json()}\n")


if __name__ == "__main__":
    main()
