"""What documents cost: each kind alone, a scan of a hundred pages, one interrupted twice, many at once."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

from bench.cost.case_cost import CaseCost
from bench.cost.counted_worker import CountedWorkers, counting_fleet, sqs_calls, sqs_calls_logged
from bench.figure import Figure
from bench.real_services import flow
from bench.scans import scan, unlike

_SCAN_PAGES = 100
# A write that comes a minute or more after the last looks first which analysis the index has by then.
_LATE_WRITE = 2
_INTERRUPTED_AFTER = (25, 50)
_UNDER_LOAD = 300
_ONE_PAGE = {"s3": 7, "dynamodb": 4, "sqs": 2, "opensearch": 1}
_NO_EMBEDDING = {**_ONE_PAGE, "bedrock-runtime": 0}
# A rename is two files in one message.
_TWO_FILES = {"sqs": 2, "s3": 14, "dynamodb": 8, "opensearch": 2, "bedrock-runtime": 0}
_MUSTS: Mapping[str, Mapping[str, int]] = {
    "new text file": _NO_EMBEDDING,
    "new one-page image": {**_ONE_PAGE, "bedrock-runtime": 1},
    "copy of it": _NO_EMBEDDING,
    "rename of it": _TWO_FILES,
    "unchanged event": {**_NO_EMBEDDING, "opensearch": 0},
    "delete": _NO_EMBEDDING,
    f"new scan of {_SCAN_PAGES} pages": {"sqs": 2, "opensearch": _LATE_WRITE, "bedrock-runtime": 0},
}


def cost(home: Path) -> list[Figure]:
    """The table of calls, tokens, CPU and bytes, by kind of document."""
    scanned = scan(home, _SCAN_PAGES)
    with counting_fleet(home / "alone") as workers:
        found = _alone(workers, scanned)
    figures = [_figure(name, found[name], _MUSTS[name]) for name in _MUSTS]
    # Long enough that no stop waits for the end of the document.
    with counting_fleet(home / "interrupted", CIS_STOP_BUDGET_S="20") as workers:
        figures += _interrupt_twice(workers, unlike(scanned, 1))
    return figures + _under_load(home / "load")


def _alone(workers: CountedWorkers, scanned: bytes) -> dict[str, CaseCost]:
    process = workers.start()
    port = int(str(process.wait_until_ready()["http_port"]))
    # The first write finds out which indices exist.
    workers.case(port, partial(workers.put, "warm-up.txt", "温まる".encode()))
    picture = _picture()

    def rename() -> None:
        resources = workers.stack.resources
        bucket, s3 = resources.source_bucket, workers.stack.clients.s3
        s3.put_object(Bucket=bucket, Key="renamed.png", Body=picture)
        s3.delete_object(Bucket=bucket, Key="copy.png")
        workers.send("FILE_MOVED", "renamed.png", previousS3Key="copy.png")

    def delete() -> None:
        bucket = workers.stack.resources.source_bucket
        workers.stack.clients.s3.delete_object(Bucket=bucket, Key="image.png")
        workers.send("FILE_DELETED", "image.png")

    cases: Mapping[str, Callable[[], object]] = {
        "new text file": partial(workers.put, "text.txt", "営業報告\n".encode() * 60),
        "new one-page image": partial(workers.put, "image.png", picture),
        "copy of it": partial(workers.put, "copy.png", picture),
        "rename of it": rename,
        "unchanged event": partial(workers.send, "FILE_UPLOADED", "image.png"),
        "delete": delete,
        f"new scan of {_SCAN_PAGES} pages": partial(workers.put, "scan.pdf", scanned),
    }
    found = {name: workers.case(port, act) for name, act in cases.items()}
    process.stop(timeout_s=600)
    return found


def _interrupt_twice(workers: CountedWorkers, scanned: bytes) -> list[Figure]:
    # The first write finds out which indices exist, and makes them.
    process = workers.start()
    workers.put("warm-up.txt", "温まる".encode())
    workers.wait_until_settled()
    process.stop(timeout_s=600)
    workers.take()
    workers.put("scan.pdf", scanned)
    for pages in _INTERRUPTED_AFTER:
        process = workers.start()
        workers.wait_for(lambda pages=pages: len(workers.pages_ocred()) >= pages)  # type: ignore[misc]
        process.stop(timeout_s=600)
    process = workers.start()
    workers.wait_until_settled()
    process.stop(timeout_s=600)
    lines = list(workers.lines)
    repeated = sum(times - 1 for times in Counter(workers.pages_ocred()).values())
    found = workers.take()
    found.calls["sqs", "all"] += sqs_calls_logged(lines)
    what = f"scan of {_SCAN_PAGES} pages, interrupted twice"
    return [
        _figure(what, found, {"opensearch": _LATE_WRITE, "bedrock-runtime": 0}),
        Figure(
            what=f"- pages of it OCRed twice, of {_SCAN_PAGES}",
            figure=str(repeated),
            must="0",
            met=repeated == 0,
        ),
    ]


def _under_load(home: Path) -> list[Figure]:
    files = {f"{number}.txt": f"第{number}号 営業報告\n".encode() * 40 for number in range(_UNDER_LOAD)}
    samples = flow(home, files, settings={}).samples
    written = sum(value for (name, _), value in samples.items() if name == "cis_opensearch_calls_total")
    figures = []
    for service, calls, most in (("SQS", sqs_calls(samples), 1.3), ("OpenSearch", written, 0.1)):
        each = calls / _UNDER_LOAD
        figures.append(
            Figure(
                what=f"{_UNDER_LOAD} text files at once: calls of {service} a document",
                figure=f"{each:.2f} ({calls:.0f})",
                must=f"<= {most}",
                met=each <= most,
            )
        )
    return figures


def _figure(what: str, found: CaseCost, musts: Mapping[str, int]) -> Figure:
    return Figure(
        what=what,
        figure=found.describe(),
        must=", ".join(f"{service} <= {most}" for service, most in musts.items()),
        met=all(found.of(service) <= most for service, most in musts.items()),
    )


def _picture() -> bytes:
    image, file = Image.new("L", (900, 400), 255), io.BytesIO()
    ImageDraw.Draw(image).text((40, 120), "QUARTERLY REPORT 2026", fill=0, font_size=56)
    image.save(file, format="PNG")
    return file.getvalue()
