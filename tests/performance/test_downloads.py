"""A source file comes over the network once, and is written once, whatever its size."""

from __future__ import annotations

import hashlib
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from worker.aws.storage_handler import StorageHandler
from worker.embedded.stack import EmbeddedStack

pytestmark = pytest.mark.performance

SIZE_BYTES = 32 * 1024**2
# Blocks of 1 MiB, and what the libraries read ahead.
MOST_MEMORY_BYTES = 6 * 1024**2


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[EmbeddedStack]:
    with EmbeddedStack(tmp_path / "home", notifications=False) as stack:
        yield stack


def test_a_download_is_one_request_one_copy_and_a_block_of_memory(
    stack: EmbeddedStack, tmp_path: Path
) -> None:
    data = random.Random(1).randbytes(SIZE_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    s3, bucket = stack.clients.s3, stack.resources.source_bucket
    s3.put_object(Bucket=bucket, Key="large.bin", Body=data)
    del data
    storage = StorageHandler(s3, results_bucket=stack.resources.results_bucket)
    version = storage.head(bucket, "large.bin")
    calls: list[str] = []
    s3.meta.events.register("before-send.s3", lambda event_name, **_: calls.append(event_name))
    tracemalloc.start()
    written = psutil.Process().io_counters().write_chars
    try:
        found = storage.download(bucket, "large.bin", version, tmp_path / "large.bin", stop=lambda: None)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    written = psutil.Process().io_counters().write_chars - written
    assert found.sha256 == digest
    assert (tmp_path / "large.bin").stat().st_size == SIZE_BYTES
    assert calls == ["before-send.s3.GetObject"]
    assert SIZE_BYTES <= written < 1.02 * SIZE_BYTES
    assert most_bytes < MOST_MEMORY_BYTES
