"""`python -m bench.beds`: fetches what is not there, and prints both halves of each bed."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench.beds.layers import LIST, LayerPage, garbage_pages, good_pages, question
from bench.beds.sources import fetch


def main(write: Callable[[str], object]) -> None:
    """Measure the layers, and write the list of their sources."""
    fetch()
    good = good_pages()
    pages = [*good, *garbage_pages(good)]
    found = {page.key: question(page) for page in pages}
    for is_reported in (False, True):
        half = [page for page in pages if page.is_reported is is_reported]
        questioned = [page for page in half if not page.is_garbage and found[page.key]]
        missed = [page for page in half if page.is_garbage and not found[page.key]]
        count = sum(page.is_garbage for page in half)
        name = "reported" if is_reported else "thresholds"
        write(
            f"{name}: {len(questioned)} of {len(half) - count} good questioned, "
            f"{len(missed)} of {count} missed\n"
        )
        for page in (*questioned, *missed):
            write(f"  {page.kind}, page {page.page + 1}: {found[page.key] or 'accepted'}\n")
    LIST.write_text("".join(map(_row, pages)), encoding="utf-8")


def _row(page: LayerPage) -> str:
    # What is made here differs from run to run by its date.
    sha256 = "" if page.source.package == "made" else page.source.sha256
    is_garbage = "garbage" if page.is_garbage else "good"
    cells = (is_garbage, page.kind, page.source.package, page.source.path.name, str(page.page + 1), sha256)
    return "\t".join(cells) + "\n"


if __name__ == "__main__":
    main(sys.stdout.write)
